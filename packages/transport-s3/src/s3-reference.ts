import { ImageError, imageName } from "@drayage/core";
import type {
  Digest,
  ImageReference,
  ImageSource,
  ImageTransport,
  OpenImages,
  OperationOptions,
} from "@drayage/core";
import { deleteLayoutImage, imageNamesIn } from "@drayage/image-layout";
import type { LayoutDestination } from "@drayage/image-layout";

import { namesInS3Archive, refuseArchive } from "./archive/s3-archive.ts";
import { collectGarbage } from "./layout/collect-garbage.ts";
import type { CollectOptions, Garbage } from "./layout/collect-garbage.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import type { S3Store } from "./layout/s3-store.ts";
import { openS3Destination } from "./s3-destination.ts";
import { formatS3Location, formatTag, isArchive, scopesOf, selectorOf } from "./s3-location.ts";
import type { S3Location } from "./s3-location.ts";
import { openS3Source, openS3Sources } from "./s3-source.ts";

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
  readonly transport: ImageTransport;
  readonly bucket: string;
  /** Without leading and trailing slashes; empty for the whole bucket. For an archive, its key. */
  readonly prefix: string;
  /** The tag, or `@N` for a position. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** `BUCKET/PREFIX` without a tag: an image may have several tags or none. */
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #store: S3Store;

  static {
    findStore = (reference) => reference.#store;
  }

  constructor(transport: ImageTransport, location: S3Location, store: S3Store) {
    const scopes = scopesOf(location);
    this.transport = transport;
    this.bucket = location.bucket;
    this.prefix = location.prefix;
    this.tag = location.tag;
    this.digest = location.digest;
    this.stringWithinTransport = formatS3Location(location);
    this.policyConfigurationIdentity = scopes[0] ?? location.bucket;
    this.policyConfigurationNamespaces = scopes;
    this.#store = store;
    Object.freeze(this);
  }

  async newImageSource(options?: OperationOptions): Promise<ImageSource> {
    return openS3Source(this, this.#store, options);
  }

  /** Without a tag and digest, opens all images of the layout or archive. */
  async newImageSources(options?: OperationOptions): Promise<OpenImages> {
    const referenceTo = (image: Pick<S3Location, "tag" | "digest">): S3Reference => {
      const { bucket, prefix } = this;
      return new S3Reference(this.transport, { bucket, prefix, ...image }, this.#store);
    };
    return openS3Sources(this, this.#store, referenceTo, options);
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

  /** The tags of all images in the layout or archive, encoded for a reference: `@N` for an image without a tag. @throws ImageError `not-found` */
  async getImageNames(options?: OperationOptions): Promise<readonly string[]> {
    if (isArchive(this)) return namesInS3Archive(this, this.#store, options);
    await using layout = new S3Layout(this.#store, this);
    return (await imageNamesIn(this, layout, options)).map(formatTag);
  }

  /**
   * Deletes blobs of the layout that no image needs, aborts abandoned uploads, and returns both. Safe while copies run: a
   * copy that reuses a deleted blob fails with `conflict` and must be repeated.
   * @throws ImageError `not-found` if there is no layout; `unsupported` for an archive, or if layouts share blobs
   */
  async collectGarbage(options: CollectOptions = {}): Promise<readonly Garbage[]> {
    refuseArchive(this, "contains only its images");
    return collectGarbage(this.#store, this, options);
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
