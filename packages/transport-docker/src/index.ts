export type { DockerDestination } from "./docker-destination.ts";
export type { DockerReference } from "./docker-reference.ts";
export type { DockerAuthConfig, DockerSettings } from "./docker-settings.ts";
export type { DockerSource } from "./docker-source.ts";
export { docker } from "./docker-transport.ts";
export { RegistryError } from "./registry-error.ts";
export type { RegistryErrorDetail, RegistryErrorOptions } from "./registry-error.ts";
