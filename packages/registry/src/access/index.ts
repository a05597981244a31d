export type { BearerAuthentication } from "./authentication.ts";
export type { RequestHandler } from "../http/exchange.ts";
export type { Scope } from "./scope.ts";
export { tokenEndpoint, tokenPath } from "./token-endpoint.ts";
export type { IssuedToken, TokenIssuer } from "./tokens.ts";
