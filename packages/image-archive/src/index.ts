export { ArchiveLayout } from "./archive-layout.ts";
export type { ArchiveLayoutOptions } from "./archive-layout.ts";
export type { ArchiveChange, ArchiveUpdate, ChangedContent } from "./archive-update.ts";
export { dockerImageNamesIn } from "./docker-archive.ts";
export { DockerArchiveDestination } from "./docker-archive-destination.ts";
export {
  formatDockerArchiveSelector,
  parseArchivedName,
  parseDockerArchiveSelector,
} from "./docker-archive-selector.ts";
export type { DockerArchiveSelector } from "./docker-archive-selector.ts";
export { DockerArchiveSource } from "./docker-archive-source.ts";
export {
  archivedImageNames,
  checkArchivedImage,
  openArchivedImage,
  openArchivedImages,
} from "./either-archive.ts";
export { cannotUnpack } from "./broken-archive.ts";
export { checkedTar } from "./checked-tar.ts";
export { openFile } from "./file-access.ts";
export { FileArchiveUpdate } from "./file-archive-update.ts";
export type { UpdateOptions } from "./file-archive-update.ts";
export { missingFile } from "./missing-file.ts";
export { openArchiveBytes, openArchiveFile, openArchiveStream } from "./open-archive.ts";
export type { RandomAccessBytes, ReadOptions } from "./random-access.ts";
export { spooled } from "./spool.ts";
export type { SpoolOptions } from "./spool.ts";
export { StreamArchiveUpdate } from "./stream-archive-update.ts";
export { TarArchive } from "./tar-archive.ts";
export { TarLayout } from "./tar-layout.ts";
export type { TarMember } from "./tar-member.ts";
export { unpacked } from "./unpacked.ts";
