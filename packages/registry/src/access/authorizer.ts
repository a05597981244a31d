import { ErrorResponse } from "../http/error-response.ts";
import type { ReceivedRequest } from "../http/exchange.ts";
import { findBasicUser } from "./authentication.ts";
import type { RegistryUsers } from "./authentication.ts";
import { covers, formatScope, grantedPart } from "./scope.ts";
import type { Scope } from "./scope.ts";
import type { Tokens } from "./tokens.ts";

/** Checks that a request has all the scopes that it needs. @throws ErrorResponse `UNAUTHORIZED`, `DENIED` */
export type Authorizer = (request: ReceivedRequest, wanted: readonly Scope[]) => void;

/** RFC 7617. */
export function basicAuthorizer(users: RegistryUsers): Authorizer {
  return ({ headers }, wanted) => {
    const user = findBasicUser(headers.authorization, users);
    if (user === undefined) throw unauthorized(`Basic realm="registry", charset="UTF-8"`);
    if (wanted.every((scope) => covers([grantedPart(scope, user.rights)], scope))) return;
    throw new ErrorResponse("DENIED", "The user does not have these permissions", {
      detail: wanted.map(formatScope),
    });
  };
}

/** RFC 6750 with the parameters of distribution's "Token Authentication Specification". */
export function bearerAuthorizer(tokens: Tokens, realm: string, service: string): Authorizer {
  return ({ headers: { authorization } }, wanted) => {
    const [, token] = /^Bearer +(.+)$/i.exec(authorization ?? "") ?? [];
    const granted = token === undefined ? undefined : tokens.find(token);
    if (granted !== undefined && wanted.every((scope) => covers(granted, scope))) return;
    const scopes = wanted.map(formatScope).join(" ");
    const parameters = {
      realm,
      service,
      ...(scopes !== "" && { scope: scopes }),
      ...(granted !== undefined && { error: "insufficient_scope" }),
      ...(granted === undefined && authorization !== undefined && { error: "invalid_token" }),
    };
    const pairs = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
    throw unauthorized(`Bearer ${pairs.join(",")}`);
  };
}

function unauthorized(challenge: string): ErrorResponse {
  return new ErrorResponse("UNAUTHORIZED", "Authentication required; see WWW-Authenticate", {
    headers: { "WWW-Authenticate": challenge },
  });
}
