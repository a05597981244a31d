export type { DockerArchiveReference } from "./docker-archive-reference.ts";
export type { DockerArchiveSettings } from "./docker-archive-settings.ts";
export { dockerArchive } from "./docker-archive-transport.ts";
export type { OCIArchiveReference } from "./oci-archive-reference.ts";
export type { OCIArchiveSettings } from "./oci-archive-settings.ts";
export { ociArchive } from "./oci-archive-transport.ts";
export type { TarballReference } from "./tarball-reference.ts";
export type { TarballSettings } from "./tarball-settings.ts";
export { tarball } from "./tarball-transport.ts";
