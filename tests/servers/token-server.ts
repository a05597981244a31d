import type { BearerAuthentication, LoggedRequest } from "@drayage/registry";
import { tokenEndpoint, tokenPath } from "@drayage/registry/access";
import { openWebServer, requestListener, RequestLog } from "@drayage/registry/http";
import type { KeyPair } from "@drayage/test-support";

import { signedTokens } from "./signed-tokens.ts";

/** The users, rights and key of a token server. */
export interface TokenServerSettings extends Pick<
  BearerAuthentication,
  "users" | "anonymous" | "tokenLifetime"
> {
  /** The signing key, an elliptic curve key, P-256. */
  readonly signer: KeyPair;
  /** For HTTPS; undefined for plain HTTP. */
  readonly tls?: KeyPair | undefined;
}

/** The settings with which a registry accepts the tokens of a server. */
export interface TrustedTokens {
  /** The URL of the token endpoint. */
  readonly realm: string;
  /** The audience: all registries that accept this server. */
  readonly service: string;
  readonly issuer: string;
  /** The certificate of the signing key, PEM. */
  readonly certificate: string;
}

/** A server that issues signed tokens for registries. */
export interface TokenServer extends AsyncDisposable, TrustedTokens {
  /** Every request since the start, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
}

const service = "testkit";

/**
 * Starts it on a free port. It issues tokens for GET with or without name and password, and for POST with a password or
 * a refresh token (distribution, "Token Authentication Specification" and "OAuth2 Token Authentication").
 */
export async function startTokenServer(settings: TokenServerSettings): Promise<TokenServer> {
  const { signer, tls, tokenLifetime: lifetime = 300 } = settings;
  const server = await openWebServer({ tls }, 0);
  const issuer = server.host;
  const tokens = signedTokens({ signer, issuer, audience: service, lifetime });
  const endpoint = tokenEndpoint(settings, tokens, service);
  const log = new RequestLog();
  server.serve(requestListener("tokens", log, endpoint, {}), tokenPath);
  return {
    realm: server.origin + tokenPath,
    service,
    issuer,
    certificate: signer.certificate,
    requests: log.entries,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
