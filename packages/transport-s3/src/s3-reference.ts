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

/** What a reference shares with all others of its `s3()`. */
export function storeOf(reference: S3Reference): S3Store {
  return findStore(reference);
}

/**
 * An image in a bucket: in a layout, by tag, by digest, or by both: then it is read by the digest; or in an archive, which is
 * only read.
 */
export class S3Reference implements ImageReference {
  readonly transport: ImageTransport;
  readonly bucket: string;
  /** Without slashes around it; empty for a layout that is the whole bucket. Of an archive its key. */
  readonly prefix: string;
  /** The name of the image, or `@N` for its position. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** `BUCKET/PREFIX`, without a tag: several tags, and none, may mean the same image. */
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

  /** Without a tag and a digest all images of the layout or archive. */
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
   * By its digest under all its tags. Also the blobs that no other image in the layout needs, unless they are shared.
   * @throws ImageError `not-found`; `unsupported` for an archive
   */
  async deleteImage(options?: OperationOptions): Promise<void> {
    refuseArchive(this, "is deleted as a whole, by any S3 tool");
    this.#refuseBoth();
    await using layout = new S3Layout(this.#store, this);
    await deleteLayoutImage(layout, selectorOf(this), options);
  }

  /** What each image in its layout or archive is called, as it is written behind the prefix; `@N` where it has no tag. @throws ImageError `not-found` where there is none */
  async getImageNames(options?: OperationOptions): Promise<readonly string[]> {
    if (isArchive(this)) return namesInS3Archive(this, this.#store, options);
    await using layout = new S3Layout(this.#store, this);
    return (await imageNamesIn(this, layout, options)).map(formatTag);
  }

  /**
   * Deletes blobs of its layout that no image needs, whatever the tag, and gives up uploads that nobody went on with;
   * tells what. Safe beside running copies: those that count on what goes end in `conflict`, and are to be done again.
   * @throws ImageError `not-found` where there is no layout; `unsupported` where blobs are shared, or for an archive
   */
  async collectGarbage(options: CollectOptions = {}): Promise<readonly Garbage[]> {
    refuseArchive(this, "keeps nothing but its images");
    return collectGarbage(this.#store, this, options);
  }

  #refuseBoth(): void {
    if (this.tag === undefined || this.digest === undefined) return;
    throw new ImageError(
      "invalid-reference",
      "An image is deleted by its tag, or by its digest under all its tags; leave one of them out",
      { reference: imageName(this) },
    );
  }
}
