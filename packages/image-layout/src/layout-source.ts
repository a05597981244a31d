import { ImageError, imageName } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  Digest,
  GetBlobOptions,
  ImageListing,
  ImageReference,
  ImageSource,
  ListedImage,
  OperationOptions,
  RawManifest,
  Referrer,
  SourceOffers,
} from "@drayage/core";
import { readAll, maxManifestSize } from "@drayage/core/content";
import { digestTagsOf } from "@drayage/core/reference";

import { findImage } from "./find-image.ts";
import type { FoundImage } from "./find-image.ts";
import { selectorsIn } from "./image-names.ts";
import { formatSelector } from "./image-selector.ts";
import type { ImageSelector } from "./image-selector.ts";
import { descriptorOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { readIndex } from "./read-index.ts";
import { listedReferrers, mayBeManifest, referrersIn } from "./referrer-entries.ts";
import type { ReferrersBySubject } from "./referrer-entries.ts";
import { storedSizeOf } from "./stored-size.ts";

/** One image of a layout, as listed in `index.json` when the source was opened. Closing it closes the layout. */
export class LayoutSource implements ImageSource {
  readonly reference: ImageReference;
  readonly #layout: LayoutReader;
  readonly #index: LayoutIndex;
  readonly #image: FoundImage;
  #referrers: Promise<ReferrersBySubject> | undefined;

  private constructor(
    reference: ImageReference,
    layout: LayoutReader,
    index: LayoutIndex,
    image: FoundImage,
  ) {
    this.reference = reference;
    this.#layout = layout;
    this.#index = index;
    this.#image = image;
  }

  /** @throws ImageError `not-found`, `unsupported`, `invalid-manifest` */
  static async open(
    reference: ImageReference,
    layout: LayoutReader,
    selector: ImageSelector,
    options: OperationOptions = {},
  ): Promise<LayoutSource> {
    try {
      const index = await readIndex(reference, layout, options);
      const image = await findImage(layout, index, selector, options);
      return new LayoutSource(reference, layout, index, image);
    } catch (error) {
      await layout[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * All images of the layout, in the order of `index.json`. `referenceTo` creates the reference of an image from its name
   * or position. Closing the result closes the layout.
   * @throws ImageError `not-found`, `unsupported`, `invalid-manifest`
   */
  static async list(
    reference: ImageReference,
    layout: LayoutReader,
    referenceTo: (selector: ImageSelector, digest: Digest) => ImageReference,
    options: OperationOptions = {},
  ): Promise<ImageListing> {
    const close = async (): Promise<void> => layout[Symbol.asyncDispose]();
    try {
      const index = await readIndex(reference, layout, options);
      const selectorOf = selectorsIn(index.entries);
      const listed = ([entry, ...others]: readonly [IndexEntry, ...IndexEntry[]]): ListedImage => {
        const image = descriptorOfEntry(entry);
        const selectors = [entry, ...others].map(selectorOf);
        const own = referenceTo(selectorOf(entry), image.digest);
        return {
          names: [...new Set(selectors.map(formatSelector))],
          reference: own,
          newImageSource: async () => new LayoutSource(own, layout, index, image),
        };
      };
      const entries = Map.groupBy(index.entries.filter(mayBeManifest), ({ digest }) => digest);
      const images = Array.from(entries.values(), (group) => listed(group as [IndexEntry]));
      return { images, [Symbol.asyncDispose]: close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  get offers(): SourceOffers {
    return this.#layout.offers;
  }

  async getManifest(instance?: Digest, options: OperationOptions = {}): Promise<RawManifest> {
    options.signal?.throwIfAborted();
    const digest = instance ?? this.#image.digest;
    if (digest === this.#image.digest && "bytes" in this.#image) return this.#image;
    const bytes = await readAll(this.#layout.getBlob(digest, options), maxManifestSize);
    return { bytes, digest, mediaType: this.#typeOf(digest) };
  }

  async *getBlob(
    { digest, urls }: BlobInfo,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (digest === undefined)
      throw new ImageError("not-found", "Cannot read a blob without its digest");
    const isExternal =
      urls !== undefined && (await storedSizeOf(this.#layout, digest, options)) === undefined;
    if (isExternal) throw this.#foreign(digest, urls);
    yield* this.#layout.getBlob(digest, options);
  }

  locateBlob({ digest }: BlobInfo): BlobLocation | undefined {
    return digest && this.#layout.locateBlob?.(digest);
  }

  async statBlob(
    { digest }: BlobInfo,
    options: OperationOptions = {},
  ): Promise<BlobStat | undefined> {
    options.signal?.throwIfAborted();
    return digest && this.#layout.statBlob(digest, options);
  }

  async *getReferrers(
    subject: Digest,
    options: OperationOptions = {},
  ): AsyncGenerator<Referrer, void, undefined> {
    const named = (await this.#readReferrers(options)).get(subject) ?? [];
    const listed = await listedReferrers(this.#layout, this.#index, subject, options);
    const digests = new Set(named.map(({ digest }) => digest));
    yield* named;
    yield* listed.filter(({ digest }) => !digests.has(digest));
    options.signal?.throwIfAborted();
    for (const tag of digestTagsOf(subject)) {
      const entry = this.#index.entries.find((one) => nameOfEntry(one) === tag);
      if (entry !== undefined) yield { digest: descriptorOfEntry(entry).digest, tag };
    }
  }

  /** Closes the layout. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layout[Symbol.asyncDispose]();
  }

  /** Reads all referrers once, for every subject. */
  async #readReferrers(options: OperationOptions): Promise<ReferrersBySubject> {
    this.#referrers ??= referrersIn(this.#layout, this.#index, options);
    try {
      return await this.#referrers;
    } catch (error) {
      this.#referrers = undefined;
      throw error;
    }
  }

  /** The media type in `index.json`. Undefined for an instance that is listed only in its index. */
  #typeOf(digest: Digest): string | undefined {
    if (digest === this.#image.digest) return this.#image.mediaType;
    const entry = this.#index.entries.find((one) => one["digest"] === digest);
    const mediaType = entry?.["mediaType"];
    return typeof mediaType === "string" && mediaType !== "" ? mediaType : undefined;
  }

  #foreign(digest: Digest, urls: readonly string[]): ImageError {
    return new ImageError(
      "not-found",
      `The layer ${digest} is not in ${this.#layout.location}; it may be available at ${urls.join(", ")}`,
      { reference: imageName(this.reference) },
    );
  }
}
