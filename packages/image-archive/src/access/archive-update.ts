import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { TarArchive } from "../tar/tar-archive.ts";

/**
 * An archive that is being written, for one image. Disposed of before `commit`, it leaves the existing archive
 * unchanged.
 */
export interface ArchiveUpdate extends AsyncDisposable {
  /** The path or URL of the archive, for messages. */
  readonly location: string;
  /** The existing archive when the update was opened. */
  readonly before: TarArchive | undefined;
  /** @throws ImageError `conflict` if the existing archive must not change */
  checkWritable(): void;
  /** The maximum number of concurrent `putBlob` calls. */
  readonly parallelBlobs: number;
  /**
   * Stores a blob under `blobPath` unless it is already stored. Computes the digest if `blob` has none. Each chunk is
   * fully processed before the next one is requested.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    options?: PutBlobOptions,
  ): Promise<StoredBlob>;
  /** The size of a blob stored by `putBlob`. */
  sizeOf(digest: Digest): number | undefined;
  /** Publishes all changes in one step. */
  commit(change: ArchiveChange, options?: OperationOptions): Promise<void>;
}

/** Returns the content of the new archive beside the blobs that were put, from its current content. */
export type ArchiveChange = (current: TarArchive | undefined) => Promise<ChangedContent>;

/** The content of an archive beside the blobs that were put. */
export interface ChangedContent {
  /** New files, and new content of existing files. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Whether another member of the existing archive is kept. */
  readonly keeps: (path: string) => boolean;
}
