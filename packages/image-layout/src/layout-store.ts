import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  DestinationAccepts,
  Digest,
  GetBlobOptions,
  OperationOptions,
  PutBlobOptions,
  ReuseManifestOptions,
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
  /** As `ImageDestination.accepts`: what depends on the store. */
  readonly accepts: Pick<DestinationAccepts, "parallelBlobs" | "reuseBuffers" | "requests">;
  /**
   * Stores a blob unless it is present. `statBlob` finds it from then on; other clients see it after the next
   * `updateIndex` at the latest. Computes the digest if `blob` has none, as `ImageDestination.putBlob`.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options?: PutBlobOptions,
  ): Promise<StoredBlob>;
  /** Stores a blob from its location without reading it here (a link, a clone, a server-side copy). False if it cannot. */
  takeBlob?(blob: StoredBlob, from: BlobLocation, options?: OperationOptions): Promise<boolean>;
  /** Absent if lookups are cheap: the destination then looks up every blob, and again in `next` of `updateIndex`. */
  readonly presence?: LayoutPresence | undefined;
  /** Changes `index.json` atomically. Writes `oci-layout` first if it is absent. */
  updateIndex(change: IndexChange, options?: OperationOptions): Promise<void>;
}

/**
 * The record of a store of what is present in the layout, for stores in which a lookup costs a request. `updateIndex` of
 * such a store checks by itself that what was found is still present.
 */
export interface LayoutPresence {
  /**
   * As `ImageDestination.tryReusingManifest`. Entries of indexes whose instances were all present have the annotation
   * that `isWholeIndex` reads.
   */
  hasManifest(digest: Digest, options?: ReuseManifestOptions): Promise<boolean>;
  /** True if `takeBlob` is tried before `statBlob`, because few blobs are present. */
  readonly takesFirst: boolean;
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
  /** The blobs and manifests that were present and that the image needs: for stores that drop all others. */
  readonly findReused?: () => Promise<ReadonlySet<Digest>>;
  /** Called after the new content is stored, and before other changes if the store can hold them back. */
  readonly afterwards?: () => Promise<void>;
}
