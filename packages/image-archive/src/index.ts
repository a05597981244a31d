export { ArchiveLayout } from "./oci-archive/archive-layout.ts";
export type { ArchiveLayoutOptions } from "./oci-archive/archive-layout.ts";
export type { ArchiveChange, ArchiveUpdate, ChangedContent } from "./access/archive-update.ts";
export { DockerArchiveDestination } from "./docker-archive/docker-archive-destination.ts";
export {
  formatDockerArchiveSelector,
  parseArchivedName,
  parseDockerArchiveSelector,
} from "./docker-archive/docker-archive-selector.ts";
export type { DockerArchiveSelector } from "./docker-archive/docker-archive-selector.ts";
export { DockerArchiveSource } from "./docker-archive/docker-archive-source.ts";
export {
  archivedImageNames,
  checkArchivedImage,
  listArchivedImages,
  openArchivedImage,
} from "./docker-archive/archived-image.ts";
export { cannotDecompress } from "./tar/broken-archive.ts";
export { checkedTar } from "./tar/checked-tar.ts";
export { openFile } from "./access/file-access.ts";
export { FileArchiveUpdate } from "./access/file-archive-update.ts";
export type { UpdateOptions } from "./access/file-archive-update.ts";
export { missingFile } from "./access/missing-file.ts";
export { openArchiveBytes, openArchiveFile, openArchiveStream } from "./access/open-archive.ts";
export type { RandomAccessBytes, ReadOptions } from "./tar/random-access.ts";
export { spooled } from "./access/spool.ts";
export type { SpoolOptions } from "./access/spool.ts";
export { StreamArchiveUpdate } from "./access/stream-archive-update.ts";
export { TarArchive } from "./tar/tar-archive.ts";
export { TarLayout } from "./oci-archive/tar-layout.ts";
export type { TarMember } from "./tar/tar-member.ts";
export { decompressedBytes } from "./access/decompressed-bytes.ts";
