import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isLoopback, jsonObjectOf } from "@drayage/transport-kit/wire";

import type { DockerAuthConfig } from "../docker-settings.ts";
import type { Challenge } from "../http/challenge.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { textOf } from "../http/http-exchange.ts";
import type { Access, HTTPRequest } from "../http/http-exchange.ts";
import { namerOf } from "../http/named-host.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { Trust } from "../http/trust.ts";
import type { Token } from "./token-cache.ts";

/** A token to fetch. */
export interface TokenRequest {
  /** The origin of the registry that sent the challenge. */
  readonly registry: URL;
  readonly trust: Trust;
  readonly challenge: Challenge;
  /** `repository:library/alpine:pull` */
  readonly scopes: readonly string[];
  readonly credentials: DockerAuthConfig | undefined;
  /** For error messages. */
  readonly access?: Access | undefined;
}

const clientID = "drayage";
const maxResponseSize = 1 << 20;
/** Seconds, if the response has no lifetime (distribution, "Token Authentication Specification"). */
const defaultLifetime = 60;
/** Parts of the lifetime. A token must not expire during the request that uses it. */
const expiryFactor = 0.9;
const refreshFactor = 0.5;

/** A token, with the other fields of its response. */
export interface FetchedToken extends Token {
  /** The replacement of the identity token, if the token server returned one. */
  readonly identityToken: string | undefined;
}

/**
 * Fetches a token from the token server of a registry. Has no signal, because several requests wait for the token.
 * @throws ImageError `denied`, `unavailable`
 */
export async function fetchToken(
  client: HTTPClient,
  wanted: TokenRequest,
  { retries, onNotice }: OperationOptions,
): Promise<FetchedToken> {
  const realm = realmOf(wanted);
  rejectClearText(client, wanted, realm);
  const requestedAt = performance.now();
  const response = await client.sendWithRetries({
    ...httpRequestFor(wanted, realm),
    maxBodySize: maxResponseSize,
    trust: wanted.trust,
    namedBy: namerOf(wanted.registry, realm, wanted.trust),
    retries,
    onNotice,
  });
  const operation = `get a token for ${wanted.registry.host}`;
  if (response.status !== 200) {
    const errorResponse = await readErrorResponse({ ...response, access: wanted.access });
    if (errorResponse.status === 404) throw registryError(errorResponse, operation, "unavailable");
    throw registryError(errorResponse, operation);
  }
  const { text, lifetime, identityToken } = readToken(
    await textOf(response, maxResponseSize),
    realm,
  );
  return {
    text,
    expiresAt: requestedAt + lifetime * 1000 * expiryFactor,
    refreshAfter: requestedAt + lifetime * 1000 * refreshFactor,
    identityToken,
  };
}

function httpRequestFor({ challenge, scopes, credentials }: TokenRequest, realm: URL): HTTPRequest {
  const service = challenge.parameters.get("service");
  if (credentials !== undefined && "identityToken" in credentials) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credentials.identityToken,
      client_id: clientID,
      ...(scopes.length > 0 && { scope: scopes.join(" ") }),
      ...(service !== undefined && { service }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: Buffer.from(form.toString()) };
  }
  const url = new URL(realm);
  const user = credentials !== undefined && "username" in credentials ? credentials : undefined;
  if (user?.username) url.searchParams.append("account", user.username);
  if (service !== undefined) url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers = user?.username && user.password ? { authorization: basicOf(user) } : {};
  return { method: "GET", url, headers };
}

/** `Basic …` (RFC 7617). */
export function basicOf({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function realmOf({ registry, challenge }: TokenRequest): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = URL.parse(realm);
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new ImageError(
    "unavailable",
    `${registry.host} requires a token, but its challenge has no HTTP URL of a token server (realm ${JSON.stringify(realm)}); report it to the operator of the registry`,
    { retryable: false },
  );
}

/**
 * Rejects a token server without TLS, because it would receive the credentials and send the token in clear text. Allows
 * the host of a registry that is itself used without TLS.
 */
function rejectClearText(
  client: HTTPClient,
  { registry, trust, credentials }: TokenRequest,
  realm: URL,
): void {
  if (realm.protocol === "https:") return;
  if (credentials === undefined) {
    if (registry.protocol === "http:" || client.isInsecure(realm, trust)) return;
    throw new ImageError(
      "denied",
      `${registry.host} uses https, but its token server ${realm.host} uses plain http; no token was requested`,
    );
  }
  const isSameHost = realm.hostname === registry.hostname && registry.protocol === "http:";
  if (isSameHost && (client.isInsecure(realm, trust) || isLoopback(realm.hostname))) return;
  throw new ImageError(
    "denied",
    `${registry.host} requires credentials to be sent to ${realm.host} by plain http; they were not sent`,
  );
}

function readToken(
  text: string,
  realm: URL,
): { text: string; lifetime: number; identityToken: string | undefined } {
  const fields = jsonObjectOf(text);
  const found = tokenIn(fields["token"]) ?? tokenIn(fields["access_token"]);
  if (found === undefined) {
    throw new ImageError("unavailable", `The token server ${realm.host} returned no token`, {
      retryable: false,
    });
  }
  const { expires_in: expiresIn } = fields;
  const lifetime = typeof expiresIn === "number" && expiresIn > 0 ? expiresIn : defaultLifetime;
  return { text: found, lifetime, identityToken: tokenIn(fields["refresh_token"]) };
}

/** Accepts the characters of a header. */
function tokenIn(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}
