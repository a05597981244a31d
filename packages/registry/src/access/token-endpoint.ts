import { readAll } from "@drayage/core/content";
import { bareMediaType } from "@drayage/core/manifest";

import { ErrorResponse } from "../http/error-response.ts";
import { jsonAnswer } from "../http/exchange.ts";
import type { Answer, OpenRequest, RequestHandler } from "../http/exchange.ts";
import { findBasicUser, findUser } from "./authentication.ts";
import type { BearerAuthentication, RegistryUser } from "./authentication.ts";
import { findScope, formatScope, grantedPart } from "./scope.ts";
import type { Scope } from "./scope.ts";
import type { TokenIssuer } from "./tokens.ts";

/** The path of the token endpoint. */
export const tokenPath = "/token";

const maxFormSize = 1 << 16;

/** Issues tokens: GET with or without Basic, POST as OAuth 2 (distribution, "Token Authentication" and "OAuth2"). */
export function tokenEndpoint(
  authentication: Pick<BearerAuthentication, "users" | "anonymous">,
  tokens: TokenIssuer,
  service: string,
): RequestHandler {
  return async (request) => {
    if (request.method === "GET") return tokenForGet(request);
    if (request.method === "POST") return tokenForPost(await formOf(request));
    throw new ErrorResponse("UNSUPPORTED", "Request a token with GET or POST", {
      status: 405,
      headers: { Allow: "GET, POST" },
    });
  };

  function tokenForGet({ query, headers: { authorization } }: OpenRequest): Answer {
    const scopes = requestedScopes(query, service);
    const user = findBasicUser(authorization, authentication.users);
    if (authorization !== undefined && user === undefined) throw wrongCredentials();
    const rights = user === undefined ? (authentication.anonymous ?? {}) : user.rights;
    const issued = tokens.issue(scopes.map((scope) => grantedPart(scope, rights)));
    const refresh = query.get("offline_token") === "true" ? user?.identityToken : undefined;
    return jsonAnswer({ ...issued, access_token: issued.token, refresh_token: refresh });
  }

  function tokenForPost(form: URLSearchParams): Answer {
    const scopes = requestedScopes(form, service);
    if (!form.get("client_id")) throw badRequest("client_id is missing");
    const user = userOf(form, authentication);
    const granted = scopes.map((scope) => grantedPart(scope, user.rights));
    const { token, ...validity } = tokens.issue(granted);
    const refresh = form.get("access_type") === "offline" ? user.identityToken : undefined;
    const scope = granted.map(formatScope).join(" ");
    return jsonAnswer({ access_token: token, scope, ...validity, refresh_token: refresh });
  }
}

async function formOf({ headers, body }: OpenRequest): Promise<URLSearchParams> {
  if (bareMediaType(headers["content-type"] ?? "") !== "application/x-www-form-urlencoded") {
    throw badRequest("The Content-Type must be application/x-www-form-urlencoded");
  }
  return new URLSearchParams(Buffer.from(await readAll(body, maxFormSize)).toString());
}

function requestedScopes(parameters: URLSearchParams, service: string): readonly Scope[] {
  if (parameters.get("service") !== service) {
    throw badRequest("service differs from the one in the challenge");
  }
  const texts = parameters.getAll("scope").flatMap((text) => text.split(" "));
  return texts.map((text) => {
    const scope = findScope(text);
    if (scope === undefined) throw badRequest("scope must be TYPE:NAME:ACTIONS");
    return scope;
  });
}

function userOf(
  form: URLSearchParams,
  { users }: Pick<BearerAuthentication, "users">,
): RegistryUser {
  const grantType = form.get("grant_type");
  const token = form.get("refresh_token");
  if (grantType === "refresh_token" && token) {
    const found = Object.values(users).find(({ identityToken }) => identityToken === token);
    if (found !== undefined) return found;
    throw wrongCredentials();
  }
  if (grantType !== "password") throw badRequest("grant_type must be password or refresh_token");
  const found = findUser(users, form.get("username") ?? "", form.get("password") ?? "");
  if (found !== undefined) return found;
  throw wrongCredentials();
}

function wrongCredentials(): ErrorResponse {
  return new ErrorResponse("UNAUTHORIZED", "The credentials are wrong");
}

function badRequest(message: string): ErrorResponse {
  return new ErrorResponse("UNSUPPORTED", message);
}
