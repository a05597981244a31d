import type { BearerAuthentication, LoggedRequest } from "@drayage/registry";
import { tokenEndpoint, tokenPath } from "@drayage/registry/access";
import { openWebServer, requestListener, RequestLog } from "@drayage/registry/http";
import type { KeyPair } from "@drayage/test-support";

import { signedTokens } from "./signed-tokens.ts";

/** Who gets a token for what, and how. */
export interface TokenServerSettings extends Pick<
  BearerAuthentication,
  "users" | "anonymous" | "tokenLifetime"
> {
  /** Signs the tokens; of an elliptic curve, P-256. */
  readonly signer: KeyPair;
  /** For HTTPS; undefined is plain http. */
  readonly tls?: KeyPair | undefined;
}

/** What a registry has to know to believe the tokens of a server. */
export interface TrustedTokens {
  /** Where tokens are to be had. */
  readonly realm: string;
  /** Whom they are for: all registries that believe this server. */
  readonly service: string;
  readonly issuer: string;
  /** That of the signer, PEM. */
  readonly certificate: string;
}

/** A server that tells registries who may do what, by tokens that it signs. */
export interface TokenServer extends AsyncDisposable, TrustedTokens {
  /** Every request since the start, in the order in which they came. */
  readonly requests: readonly LoggedRequest[];
}

const service = "testkit";

/**
 * Starts one on a free port of this machine. It gives out tokens to GET with name and password or without, and to POST
 * with a password or a refresh token (distribution, "Token Authentication Specification" and "OAuth2 Token
 * Authentication").
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
