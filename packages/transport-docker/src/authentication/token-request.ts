import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isLoopback, jsonObjectOf } from "@drayage/transport-kit/wire";

import type { DockerAuthConfig } from "../docker-settings.ts";
import type { Challenge } from "../http/challenge.ts";
import type { HTTPClient } from "../http/http-client.ts";
import { textOf } from "../http/http-exchange.ts";
import type { Access, HTTPRequest } from "../http/http-exchange.ts";
import { namerOf } from "../http/named-host.ts";
import { readRefusal, registryError } from "../http/registry-error.ts";
import type { Trust } from "../http/trust.ts";
import type { Token } from "./token-cache.ts";

/** What a token is asked for, and for whom. */
export interface TokenWish {
  /** Where the registry that sent the challenge answers. */
  readonly registry: URL;
  readonly trust: Trust;
  readonly challenge: Challenge;
  /** `repository:library/alpine:pull` */
  readonly scopes: readonly string[];
  readonly credentials: DockerAuthConfig | undefined;
  /** For errors. */
  readonly access?: Access | undefined;
}

const clientID = "drayage";
const answerLimit = 1 << 20;
/** Seconds, where the token server does not say (distribution, "Token Authentication Specification"). */
const defaultLifetime = 60;
/** A request that starts now may last a while: a token is not used to its very end. */
const usedPartOfLifetime = 0.9;
const youngPartOfLifetime = 0.5;

/** A token, and what came with it. */
export interface FetchedToken extends Token {
  /** To be used in place of the identity token from now on, where the token server says so. */
  readonly identityToken: string | undefined;
}

/**
 * Asks the token server that a registry named, for all who wait for the token: nobody's abort ends it.
 * @throws ImageError `denied`, `unavailable`
 */
export async function fetchToken(
  client: HTTPClient,
  wish: TokenWish,
  { retries, onNotice }: OperationOptions,
): Promise<FetchedToken> {
  const realm = realmOf(wish);
  refuseClearText(client, wish, realm);
  const asked = performance.now();
  const response = await client.sendPatiently({
    ...tokenRequest(realm, wish),
    wholeUpTo: answerLimit,
    trust: wish.trust,
    namedBy: namerOf(wish.registry, realm, wish.trust),
    retries,
    onNotice,
  });
  const operation = `get a token for ${wish.registry.host}`;
  if (response.status !== 200) {
    const refusal = await readRefusal({ ...response, access: wish.access });
    if (refusal.status === 404) throw registryError(refusal, operation, "unavailable");
    throw registryError(refusal, operation);
  }
  const { text, lifetime, identityToken } = readToken(await textOf(response, answerLimit), realm);
  return {
    text,
    goodUntil: asked + lifetime * 1000 * usedPartOfLifetime,
    youngUntil: asked + lifetime * 1000 * youngPartOfLifetime,
    identityToken,
  };
}

function tokenRequest(realm: URL, wish: TokenWish): HTTPRequest {
  const { challenge, scopes, credentials } = wish;
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

function realmOf({ registry, challenge }: TokenWish): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = URL.parse(realm);
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new ImageError(
    "unavailable",
    `${registry.host} wants a token, and names no server that gives it (realm ${JSON.stringify(realm)})`,
    { retryable: false },
  );
}

/**
 * Credentials go encrypted, or to a host to which they would go unencrypted anyway. Without credentials a registry that
 * is asked by https cannot lead to a token server that is not: the token would come in clear text.
 */
function refuseClearText(
  client: HTTPClient,
  { registry, trust, credentials }: TokenWish,
  realm: URL,
): void {
  if (realm.protocol === "https:") return;
  if (credentials === undefined) {
    if (registry.protocol === "http:" || client.isInsecure(realm, trust)) return;
    throw new ImageError(
      "denied",
      `${registry.host} speaks https and names ${realm.host}, which does not, as its token server: it was not asked`,
    );
  }
  const isSameHost = realm.hostname === registry.hostname && registry.protocol === "http:";
  if (isSameHost && (client.isInsecure(realm, trust) || isLoopback(realm.hostname))) return;
  throw new ImageError(
    "denied",
    `${registry.host} wants the credentials sent unencrypted to ${realm.host}: that was not done`,
  );
}

function readToken(
  text: string,
  realm: URL,
): { text: string; lifetime: number; identityToken: string | undefined } {
  const answer = jsonObjectOf(text);
  const found = tokenIn(answer["token"]) ?? tokenIn(answer["access_token"]);
  if (found === undefined) {
    throw new ImageError("unavailable", `The token server ${realm.host} answered without a token`, {
      retryable: false,
    });
  }
  const { expires_in: expiresIn } = answer;
  const lifetime = typeof expiresIn === "number" && expiresIn > 0 ? expiresIn : defaultLifetime;
  return { text: found, lifetime, identityToken: tokenIn(answer["refresh_token"]) };
}

/** What can be sent in a header. */
function tokenIn(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}
