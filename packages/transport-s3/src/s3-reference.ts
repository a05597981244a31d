import { ImageError, imageName } from "@drayage/core";
import type {
  CollectOptions,
  Digest,
  Garbage,
  ImageListing,
  ImageReference,
  ImageSource,
  ImageTransport,
  OperationOptions,
} from "@drayage/core";
import { deleteLayoutImage } from "@drayage/image-layout";
import type { LayoutDestination } from "@drayage/image-layout";

import { refuseArchive } from "./archive/s3-archive.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import type { S3Store } from "./layout/s3-store.ts";
import { openS3Destination } from "./s3-destination.ts";
import { formatS3Location, scopesOf, selectorOf } from "./s3-location.ts";
import type { S3Location } from "./s3-location.ts";
import { listS3Images, openS3Source } from "./s3-source.ts";

/** The transport that `s3()` returns. */
export interface S3Transport extends ImageTransport<S3Reference> {
  /**
   * Deletes blobs of a layout that no image needs, whatever its tag, and aborts abandoned uploads.
   * @throws ImageError `not-found` if there is no layout; `unsupported` for an archive, or if layouts share blobs
   */
  collectGarbage(
    this: void,
    reference: S3Reference,
    options?: CollectOptions,
  ): Promise<readonly Garbage[]>;
}

let findStore: (reference: S3Reference) => S3Store;

/** The store that a reference shares with all others of its `s3()`. */
export function storeOf(reference: S3Reference): S3Store {
  return findStore(reference);
}

/**
 * A reference to an image in a bucket: in a layout by its tag, digest or both (reading uses the digest), or in an archive,
 * which is read-only.
 */
export class S3Reference implements ImageReference {
  readonly transport: S3Transport;
  readonly bucket: string;
  /** Without leading and trailing slashes; empty for the whole bucket. For an archive, its key. */
  readonly prefix: string;
  /** The tag, or `@N` for a position. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  readonly isLocation: boolean;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** `BUCKET/PREFIX` without a tag: an image may have several tags or none. */
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #store: S3Store;

  static {
    findStore = (reference) => reference.#store;
  }

  constructor(transport: S3Transport, location: S3Location, store: S3Store) {
    const scopes = scopesOf(location);
    this.transport = transport;
    this.bucket = location.bucket;
    this.prefix = location.prefix;
    this.tag = location.tag;
    this.digest = location.digest;
    this.isLocation = location.tag === undefined && location.digest === undefined;
    this.stringWithinTransport = formatS3Location(location);
    this.policyConfigurationIdentity = scopes[0] ?? location.bucket;
    this.policyConfigurationNamespaces = scopes;
    this.#store = store;
    Object.freeze(this);
  }

  async newImageSource(options?: OperationOptions): Promise<ImageSource> {
    return openS3Source(this, this.#store, options);
  }

  /** The names are encoded for a reference. @throws ImageError `not-found` */
  async listImages(options?: OperationOptions): Promise<ImageListing> {
    const referenceTo = (image: Pick<S3Location, "tag" | "digest">): S3Reference => {
      const { bucket, prefix } = this;
      return new S3Reference(this.transport, { bucket, prefix, ...image }, this.#store);
    };
    return listS3Images(this, this.#store, referenceTo, options);
  }

  async newImageDestination(options?: OperationOptions): Promise<LayoutDestination> {
    return openS3Destination(this, this.#store, options);
  }

  /**
   * Deletes the image and the blobs that no other image in the layout needs, unless layouts share blobs. A digest deletes
   * all tags of the image.
   * @throws ImageError `not-found`; `unsupported` for an archive
   */
  async deleteImage(options?: OperationOptions): Promise<void> {
    refuseArchive(this, "can only be deleted as a whole, with any S3 tool");
    this.#refuseTagWithDigest();
    await using layout = new S3Layout(this.#store, this);
    await deleteLayoutImage(layout, selectorOf(this), options);
  }

  #refuseTagWithDigest(): void {
    if (this.tag === undefined || this.digest === undefined) return;
    throw new ImageError(
      "invalid-reference",
      "Delete an image by its tag, or by its digest with all its tags; omit one of them",
      { reference: imageName(this) },
    );
  }
}

/** Whether the image is in a bucket, for `presign`. */
export function isS3Reference(reference: ImageReference): reference is S3Reference {
  return reference instanceof S3Reference;
}
