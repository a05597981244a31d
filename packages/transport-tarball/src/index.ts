export type { DockerArchiveReference } from "./docker-archive-reference.ts";
export type { DockerArchiveSettings } from "./docker-archive-settings.ts";
export { dockerArchive } from "./docker-archive-transport.ts";
export type { OCIArchiveReference } from "./oci-archive-reference.ts";
export type { OCIArchiveSettings } from "./oci-archive-settings.ts";
export { ociArchive } from "./oci-archive-transport.ts";
