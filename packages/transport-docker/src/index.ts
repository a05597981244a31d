export type { DockerReference } from "./docker-reference.ts";
export type { DockerAuthConfig, DockerSettings } from "./docker-settings.ts";
export { docker } from "./docker-transport.ts";
export { RegistryError } from "./registry-error.ts";
export type { RegistryErrorDetail, RegistryErrorOptions } from "./registry-error.ts";
