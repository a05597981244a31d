import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  Digest,
  GetBlobOptions,
  ReuseManifestOptions,
  OperationOptions,
  SourceOffers,
} from "@drayage/core";

/** Reads an OCI image layout (OCI image-spec, image-layout.md) from any store. */
export interface LayoutReader extends AsyncDisposable {
  /** A path or URL, for messages. */
  readonly location: string;
  readonly offers: SourceOffers;
  /** Reads a small file completely; undefined if it is absent. */
  readFile(name: LayoutFileName, options?: OperationOptions): Promise<Uint8Array | undefined>;
  /** As `ImageSource.statBlob`. */
  statBlob(digest: Digest, options?: OperationOptions): Promise<BlobStat | undefined>;
  /**
   * Verifies the digest of a blob that is present with this size. With `trustOwnFiles`, the blob is read only if another
   * user could have written it. Absent if the store guarantees that content matches its digest.
   */
  isIntact?(
    blob: StoredBlob,
    options?: OperationOptions & { readonly trustOwnFiles?: boolean },
  ): Promise<boolean>;
  /** As `ImageSource.getBlob`; called without `statBlob` first. @throws ImageError `not-found` */
  getBlob(digest: Digest, options?: GetBlobOptions): AsyncIterable<Uint8Array>;
  /** As `ImageSource.locateBlob`. */
  locateBlob?(digest: Digest): BlobLocation | undefined;
}

/** The files of a layout that are not blobs (OCI image-spec, image-layout.md). */
export type LayoutFileName = "oci-layout" | "index.json";

/** A layout that is opened to write one image. Disposal discards the blobs that were put after the last `updateIndex`. */
export interface LayoutWriter extends LayoutReader {
  /** How many blobs may be written at once. */
  readonly parallelBlobs: number;
  /** As `DestinationAccepts.reuseBuffers`. */
  readonly reuseBuffers?: boolean | undefined;
  /** What writing costs, in requests to another machine; undefined where there are none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
  /**
   * Stores a blob unless it is present. `statBlob` finds it from then on; other clients see it after the next
   * `updateIndex` at the latest. Computes the digest if `blob` has none, as `ImageDestination.putBlob`.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options?: OperationOptions,
  ): Promise<StoredBlob>;
  /** Stores a blob from its location without reading it here (a link, a clone, a server-side copy). False if it cannot. */
  takeBlob?(blob: StoredBlob, from: BlobLocation, options?: OperationOptions): Promise<boolean>;
  /** True if `takeBlob` is cheaper than `statBlob`, and is tried first. */
  readonly takesUnasked?: boolean | undefined;
  /** Called for each present blob that the image needs: for stores that drop all other blobs. */
  keepBlob?(digest: Digest): void;
  /** As `ImageDestination.tryReusingManifest`: for stores with a cheaper way than to look up every referenced blob. */
  hasManifest?(digest: Digest, options?: ReuseManifestOptions): Promise<boolean>;
  /** True if entries of whole indexes get the annotation `wholeIndex`. */
  readonly notesWholeIndexes?: boolean | undefined;
  /** True if `updateIndex` checks that reused blobs are still present. Default: `next` checks it. */
  readonly guardsBlobs?: boolean | undefined;
  /** Changes `index.json` atomically. Writes `oci-layout` first if it is absent. */
  updateIndex(change: IndexChange, options?: OperationOptions): Promise<void>;
}

/** A layout that supports deletion, opened for one image or one deletion. */
export interface LayoutStore extends LayoutWriter {
  /** Called after an `updateIndex` that removed the last use of the blob. Does nothing if layouts share blobs. */
  deleteBlob(digest: Digest, options?: OperationOptions): Promise<void>;
}

/** The digest and size of a stored blob. */
export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A change of `index.json`. */
export interface IndexChange {
  /**
   * Computes the new content from the current one, which is undefined if the file is absent. Other writers wait, or the
   * store calls this again with their result, so the content it read is current when the new one is stored. An error
   * that it throws ends the update.
   */
  readonly next: (current: Uint8Array | undefined) => Promise<Uint8Array>;
  /** Called after the new content is stored, and before other changes if the store can hold them back. */
  readonly afterwards?: () => Promise<void>;
}
