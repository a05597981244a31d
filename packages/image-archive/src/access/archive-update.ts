import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { TarArchive } from "../tar/tar-archive.ts";

/**
 * An archive that is being written, for one image. Blobs go into it as they come; disposed of before `commit`, it is as
 * if there had been none.
 */
export interface ArchiveUpdate extends AsyncDisposable {
  /** Where the archive will be, for messages. */
  readonly place: string;
  /** The archive that is there, as it was in the beginning. */
  readonly before: TarArchive | undefined;
  /** @throws ImageError `conflict` where the archive that is there has to stay as it is */
  checkChangeable(): void;
  /** How many blobs may be put at once. */
  readonly parallelBlobs: number;
  /**
   * Stores a blob under `blobPath` unless that was done; the digest is computed where `blob` has none. Done with each chunk
   * before it asks for the next.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    options?: PutBlobOptions,
  ): Promise<StoredBlob>;
  /** The size of a blob that was put. */
  sizeOf(digest: Digest): number | undefined;
  /** Makes all of it visible in one step. */
  commit(change: ArchiveChange, options?: OperationOptions): Promise<void>;
}

/** What an archive shall have beside the blobs that were put, from what it is now. */
export type ArchiveChange = (current: TarArchive | undefined) => Promise<ChangedContent>;

/** What becomes of an archive beside the blobs that were put. */
export interface ChangedContent {
  /** New files, and new content of those that are there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Whether another member stays. */
  readonly keeps: (path: string) => boolean;
}
