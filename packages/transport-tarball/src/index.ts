export type { DockerArchiveReference } from "./docker-archive-reference.ts";
export { dockerArchive } from "./docker-archive-transport.ts";
export type { OCIArchiveReference } from "./oci-archive-reference.ts";
export { ociArchive } from "./oci-archive-transport.ts";
