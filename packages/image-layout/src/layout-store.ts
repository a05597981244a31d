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

/** An OCI image layout (OCI image-spec, image-layout.md) that can be read, wherever it lies. */
export interface LayoutReader extends AsyncDisposable {
  /** Where it is, for messages. */
  readonly place: string;
  readonly offers: SourceOffers;
  /** One of the two small files as a whole; undefined where there is none. */
  readFile(name: LayoutFileName, options?: OperationOptions): Promise<Uint8Array | undefined>;
  /** As `ImageSource.statBlob`. */
  statBlob(digest: Digest, options?: OperationOptions): Promise<BlobStat | undefined>;
  /**
   * Whether a blob that is there in its size has the bytes of its digest; without `trustsOwn` it is read for that, with it
   * only where another user could have written it. Absent where the storage keeps no other bytes under a digest.
   */
  isIntact?(
    blob: StoredBlob,
    options?: OperationOptions & { readonly trustsOwn?: boolean },
  ): Promise<boolean>;
  /** Lazy, as `ImageSource.getBlob`; nobody asks for the size first. @throws ImageError `not-found` */
  getBlob(digest: Digest, options?: GetBlobOptions): AsyncIterable<Uint8Array>;
  /** Where a blob lies, for destinations that can take it from there. */
  locateBlob?(digest: Digest): BlobLocation | undefined;
}

/** The files of a layout beside its blobs (OCI image-spec, image-layout.md). */
export type LayoutFileName = "oci-layout" | "index.json";

/** A layout that can be written to, opened for one image. Disposed of, it is as if nothing had been put that no `updateIndex` came after. */
export interface LayoutWriter extends LayoutReader {
  /** How many blobs may be put at once. */
  readonly parallelBlobs: number;
  /** As `DestinationAccepts.reuseBuffers`. */
  readonly reuseBuffers?: boolean | undefined;
  /** What writing costs, in requests to another machine; undefined where there are none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
  /**
   * Stores a blob unless it is there. It can be asked for by `statBlob` from then on, and is there for everybody at the
   * latest with the next `updateIndex`. The digest is computed where `blob` has none, as for `ImageDestination.putBlob`.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options?: OperationOptions,
  ): Promise<StoredBlob>;
  /** The same from where the blob lies, without our reading it; false where that cannot be. */
  takeBlob?(blob: StoredBlob, from: BlobLocation, options?: OperationOptions): Promise<boolean>;
  /** True where to look for a blob first is a waste, if it can be taken. */
  readonly takesUnasked?: boolean | undefined;
  /** Told of each blob that was there and that the image needs: for stores that keep nothing else. */
  keepBlob?(digest: Digest): void;
  /** As `ImageDestination.tryReusingManifest`, where there is a cheaper way than to look at all that a manifest names. */
  hasManifest?(digest: Digest, options?: ReuseManifestOptions): Promise<boolean>;
  /** True where `index.json` is to say of an index that all of its instances are there. */
  readonly notesWholeIndexes?: boolean | undefined;
  /** True where `updateIndex` makes sure that what was there still is. Default: that is looked at within `next`. */
  readonly guardsBlobs?: boolean | undefined;
  /** Changes `index.json` in one atomic step; writes an `oci-layout` first where there is none. */
  updateIndex(change: IndexChange, options?: OperationOptions): Promise<void>;
}

/** A layout from which images can be deleted too; opened for one image or for one deletion. */
export interface LayoutStore extends LayoutWriter {
  /** Only after an `updateIndex` that made sure that nobody needs it; does nothing where blobs are shared. */
  deleteBlob(digest: Digest, options?: OperationOptions): Promise<void>;
}

/** What is certain of a blob once it is stored. */
export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What becomes of `index.json`. */
export interface IndexChange {
  /**
   * What it shall be, from what it is; undefined where there is none. Whoever else changes it either waits or makes this
   * be asked again, so that what it finds out still holds when its answer is stored. What it throws ends the update.
   */
  readonly next: (current: Uint8Array | undefined) => Promise<Uint8Array>;
  /** Done once it is stored; before anybody else's change where the store can make them wait. */
  readonly afterwards?: () => Promise<void>;
}
