export type {
  BasicAuthentication,
  BearerAuthentication,
  RegistryAuthentication,
  RegistryUser,
  RegistryUsers,
  RepositoryAction,
  RepositoryRights,
} from "./access/authentication.ts";
export type {
  Answer,
  Interception,
  ResponseHooks,
  ReceivedRequest,
  ServerName,
} from "./http/exchange.ts";
export { startRegistry } from "./registry.ts";
export type { Registry } from "./registry.ts";
export type { RegistrySettings } from "./registry-settings.ts";
export type { StoredManifest } from "./repositories.ts";
export type { AuthorizationKind, LoggedRequest } from "./http/request-log.ts";
export type { StoredImage } from "./stored-image.ts";
