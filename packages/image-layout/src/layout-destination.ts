import { algorithmOf, digestOf, ImageError, imageName, isDigest, mediaTypes } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  Descriptor,
  DestinationAccepts,
  Digest,
  ImageDestination,
  ImageReference,
  OperationOptions,
  PutBlobOptions,
  PutManifestOptions,
  RawManifest,
  ReusedBlob,
  ReusedManifest,
  ReuseManifestOptions,
  ReuseOptions,
} from "@drayage/core";
import { checkDigest, streamOf } from "@drayage/core/content";
import { bareMediaType, parseManifest } from "@drayage/core/manifest";

import { findOnly } from "./find-image.ts";
import { entriesNamed } from "./image-entries.ts";
import { hasTamperedContent } from "./image-tree.ts";
import { checkLayoutFile } from "./layout-file.ts";
import {
  emptyIndex,
  formatLayoutIndex,
  parseLayoutIndex,
  wholeIndex,
  withImage,
  withReferrer,
} from "./layout-index.ts";
import type { LayoutIndex } from "./layout-index.ts";
import type { LayoutWriter, StoredBlob } from "./layout-store.ts";
import { PresentManifests } from "./present-manifests.ts";
import { storedSizeOf } from "./stored-size.ts";

/** Settings for writing an image. */
export interface LayoutDestinationSettings {
  /** The name of the image in the layout; undefined for none. */
  readonly name: string | undefined;
  /** Default: `preserve`, and `compress` for layers of generated manifests. */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}

/** Writes one image into a layout. Closing it closes the store. */
export class LayoutDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  readonly #store: LayoutWriter;
  readonly #name: string | undefined;
  readonly #before: LayoutIndex;
  readonly #reused = new Map<Digest, number>();
  readonly #present: PresentManifests;
  #image: Descriptor | undefined;
  readonly #referrers: { readonly manifest: Descriptor; readonly name: string | undefined }[] = [];

  private constructor(
    reference: ImageReference,
    store: LayoutWriter,
    { name, layers }: LayoutDestinationSettings,
    before: LayoutIndex,
  ) {
    this.reference = reference;
    this.#store = store;
    this.#name = name;
    this.#before = before;
    this.#present = new PresentManifests(store);
    this.accepts = {
      manifestMIMETypes: [
        mediaTypes.ociManifest,
        mediaTypes.ociIndex,
        mediaTypes.dockerManifest,
        mediaTypes.dockerList,
        mediaTypes.ociArtifact,
      ],
      layers: layers ?? "preserve",
      generatedLayers: layers ?? "compress",
      foreignLayerURLs: true,
      sparseIndexes: true,
      referrers: true,
      signatures: "an OCI image layout cannot store signatures",
      ...store.accepts,
    };
  }

  /** Reads the existing layout; writes nothing. @throws ImageError `unsupported`, `invalid-manifest` for an unreadable layout */
  static async open(
    reference: ImageReference,
    store: LayoutWriter,
    settings: LayoutDestinationSettings,
    options: OperationOptions = {},
  ): Promise<LayoutDestination> {
    try {
      const [layoutFile, index] = await Promise.all([
        store.readFile("oci-layout", options),
        store.readFile("index.json", options),
      ]);
      checkLayoutFile(store.location, layoutFile);
      const before = index === undefined ? emptyIndex : parseLayoutIndex(index);
      return new LayoutDestination(reference, store, settings, before);
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  async resolve(options: OperationOptions = {}): Promise<Digest | undefined> {
    options.signal?.throwIfAborted();
    return this.#unlessTampered(await this.#digestBefore(options), options);
  }

  async tryReusingManifest(
    digest: Digest,
    options: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    options.signal?.throwIfAborted();
    return (await this.#present.has(digest, options)) ? { digest } : undefined;
  }

  async tryReusingBlob(
    { digest, size }: Descriptor,
    { location, ...options }: ReuseOptions = {},
  ): Promise<ReusedBlob | undefined> {
    options.signal?.throwIfAborted();
    const take = async (): Promise<boolean> =>
      location !== undefined &&
      (await this.#store.takeBlob?.({ digest, size }, location, options)) === true;
    const find = async (): Promise<boolean> => this.#found({ digest, size }, options);
    const order = this.#store.presence?.takesFirst ? [take, find] : [find, take];
    for (const attempt of order)
      if (await attempt()) return { digest, size, ...(attempt === take && { cloned: true }) };
    return undefined;
  }

  locateBlob({ digest }: BlobInfo): BlobLocation | undefined {
    return digest && this.#store.locateBlob?.(digest);
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const stored = await this.#store.putBlob(bytes, blob, options);
    const { mediaType = "application/octet-stream" } = blob;
    return { ...blob, mediaType, digest: stored.digest, size: stored.size };
  }

  async putManifest(
    manifest: RawManifest,
    { instance, tag, ...options }: PutManifestOptions = {},
  ): Promise<void> {
    const { hasSubject, ...stored } = await this.#putManifestBlob(manifest, instance, options);
    if (instance === undefined) this.#image = stored;
    else if (hasSubject || tag !== undefined) this.#referrers.push({ manifest: stored, name: tag });
  }

  async commit(options: OperationOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const image = this.#image;
    if (image === undefined) throw this.#conflict("Put the manifest before the commit");
    const findReused = async (): Promise<ReadonlySet<Digest>> =>
      new Set([...this.#reused.keys(), ...(await this.#present.findNeeded(options))]);
    const next = async (current: Uint8Array | undefined): Promise<Uint8Array> => {
      if (this.#store.presence === undefined) await this.#checkReused(options);
      const index = current === undefined ? emptyIndex : parseLayoutIndex(current);
      const withReferrers = this.#referrers.reduce(
        (result, { manifest, name }) => withReferrer(result, manifest, name),
        index,
      );
      return formatLayoutIndex(withImage(withReferrers, image, this.#name));
    };
    await this.#store.updateIndex({ next, findReused }, options);
  }

  /** Closes the store. Without a commit, the layout is unchanged. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  /** Treats an image with tampered content as absent, so it is copied again. */
  async #unlessTampered(
    digest: Digest | undefined,
    options: OperationOptions,
  ): Promise<Digest | undefined> {
    if (digest === undefined) return undefined;
    return (await hasTamperedContent(this.#store, { digest }, options)) ? undefined : digest;
  }

  /** The digest of the image that a source with the same reference would read. */
  async #digestBefore(options: OperationOptions): Promise<Digest | undefined> {
    const { entries } = this.#before;
    const entry =
      this.#name === undefined
        ? entries[(await findOnly(this.#store, this.#before, options)) ?? -1]
        : entriesNamed(entries, this.#name)[0];
    const digest = entry?.["digest"];
    return isDigest(digest) ? digest : undefined;
  }

  async #found({ digest, size }: StoredBlob, options: OperationOptions): Promise<boolean> {
    if ((await storedSizeOf(this.#store, digest, options)) !== size) return false;
    if ((await this.#store.isIntact?.({ digest, size }, options)) === false) return false;
    this.#reused.set(digest, size);
    return true;
  }

  async #putManifestBlob(
    manifest: RawManifest,
    instance: Digest | undefined,
    options: OperationOptions,
  ): Promise<Descriptor & { readonly hasSubject: boolean }> {
    options.signal?.throwIfAborted();
    const parsed = this.#parse(manifest);
    const { mediaType, artifactType, subject } = parsed;
    const expected = instance ?? manifest.digest;
    const digest = digestOf(manifest.bytes, expected && algorithmOf(expected));
    if (instance !== undefined) checkDigest(digest, instance);
    const size = manifest.bytes.byteLength;
    await this.#store.putBlob(streamOf(manifest.bytes), { digest, size, mediaType }, options);
    const stored = { digest, size, mediaType, artifactType };
    const isWhole = this.#present.isWholeIndex(stored, parsed);
    const annotations = isWhole && this.#store.presence !== undefined ? wholeIndex : undefined;
    return { ...stored, annotations, hasSubject: subject !== undefined };
  }

  #parse(manifest: RawManifest): ReturnType<typeof parseManifest> {
    const stored = manifest.mediaType && bareMediaType(manifest.mediaType);
    const types = this.accepts.manifestMIMETypes;
    if (!stored || types?.includes(stored)) return parseManifest(manifest);
    throw new ImageError(
      "manifest-rejected",
      `An OCI layout does not accept manifests of type ${stored}`,
      {
        reference: imageName(this.reference),
      },
    );
  }

  /** Another process may have deleted blobs that this image reuses. @throws ImageError `conflict` */
  async #checkReused(options: OperationOptions): Promise<void> {
    const check = async ([digest, size]: readonly [Digest, number]): Promise<void> => {
      if ((await storedSizeOf(this.#store, digest, options)) !== size)
        throw this.#lost(`The blob ${digest} was`);
    };
    await Promise.all([...this.#reused].map(check));
    const lost = await this.#present.findLost(options);
    if (lost !== undefined) throw this.#lost(`All of ${lost} was`);
  }

  #lost(what: string): ImageError {
    const message = `${what} in ${this.#store.location} and was deleted during the copy: copy again`;
    return this.#conflict(message, true);
  }

  #conflict(message: string, retryable = false): ImageError {
    return new ImageError("conflict", message, {
      retryable,
      reference: imageName(this.reference),
    });
  }
}
