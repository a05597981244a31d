import { ImageError, imageName, mediaTypes } from "@drayage/core";
import type {
  BlobInfo,
  CommittedImage,
  Descriptor,
  DestinationAccepts,
  Digest,
  ImageDestination,
  ImageReference,
  NamedReference,
  OperationOptions,
  PutBlobOptions,
  PutManifestOptions,
  RawManifest,
  ReusedManifest,
  ReuseManifestOptions,
  ReuseOptions,
} from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { bareMediaType, parseManifest } from "@drayage/core/manifest";
import type { ImageManifest } from "@drayage/core/manifest";
import { formatNamedReference } from "@drayage/core/reference";
import { indexSizeLimit } from "@drayage/image-layout";

import type { ArchiveUpdate } from "../access/archive-update.ts";
import { blobPath } from "../oci-archive/tar-layout.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { contentOf } from "./docker-archive-content.ts";
import type { DockerArchiveContent } from "./docker-archive-content.ts";
import { layoutFilesFor } from "./docker-archive-files.ts";
import { manifestOf } from "./docker-archive-image.ts";
import { dockerManifestName, formatDockerManifest, withArchivedImage } from "./docker-archive.ts";
import { findSameImage, hasIntactBlob } from "./intact-content.ts";
import type { ExistingArchive } from "./intact-content.ts";
import { layerMismatch } from "./layer-mismatch.ts";

/**
 * Writes one image to a docker archive. The archive is also an OCI image layout, unless the existing archive is not.
 * Closes the update.
 */
export class DockerArchiveDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  readonly #update: ArchiveUpdate;
  readonly #names: readonly NamedReference[];
  readonly #before: ExistingArchive;
  readonly #configs = new Map<Digest, Uint8Array>();
  readonly #reused = new Set<Digest>();
  #image: { readonly raw: RawManifest; readonly parsed: ImageManifest } | undefined;

  private constructor(
    reference: ImageReference,
    update: ArchiveUpdate,
    names: readonly NamedReference[],
    before: ExistingArchive,
  ) {
    this.reference = reference;
    this.#update = update;
    this.#names = names;
    this.#before = before;
    this.accepts = {
      manifestMIMETypes: [mediaTypes.dockerManifest],
      preservesManifests: false,
      layers: "decompress",
      foreignLayerURLs: false,
      signatures: "a docker archive cannot store signatures",
      parallelBlobs: update.parallelBlobs,
      reuseBuffers: true,
    };
  }

  /**
   * Reads the existing archive and writes nothing. `names` have tags and no digests.
   * @throws ImageError `unsupported`, `invalid-manifest` if the existing archive cannot be extended
   */
  static async open(
    reference: ImageReference,
    update: ArchiveUpdate,
    names: readonly NamedReference[],
    options: OperationOptions = {},
  ): Promise<DockerArchiveDestination> {
    try {
      const archive = update.before;
      const before = { archive, content: await contentOf(archive, options) };
      return new DockerArchiveDestination(reference, update, names, before);
    } catch (error) {
      await update[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Returns the image in the archive if it has the same config and layers. @throws ImageError `conflict` if it may not
   * be replaced
   */
  async tryReusingManifest(
    digest: Digest,
    { manifest, signal }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    signal?.throwIfAborted();
    const isImage = manifest?.kind === "image";
    const same = isImage
      ? await findSameImage(this.#before, manifest, this.#names, { signal })
      : undefined;
    if (same === undefined) this.#update.checkWritable();
    return same && { digest, manifest: same };
  }

  async tryReusingBlob(
    { digest, size }: Descriptor,
    { signal }: ReuseOptions = {},
  ): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    this.#update.checkWritable();
    if (this.#update.sizeOf(digest) === size) return { digest, size };
    const blob = { digest, size };
    if (!this.#reused.has(digest) && !(await hasIntactBlob(this.#before, blob, { signal })))
      return undefined;
    this.#reused.add(digest);
    return { digest, size };
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    { isConfig = false, ...options }: PutBlobOptions = {},
  ): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const chunks: Uint8Array[] = [];
    const read = isConfig ? recording(bytes, chunks) : bytes;
    const { digest, size } = await this.#update.putBlob(read, blob, options);
    if (isConfig) this.#configs.set(digest, Buffer.concat(chunks));
    const { mediaType = "application/octet-stream" } = blob;
    return { ...blob, mediaType, digest, size };
  }

  async putManifest(
    raw: RawManifest,
    { instance, signal }: PutManifestOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const stored = raw.mediaType && bareMediaType(raw.mediaType);
    const parsed = parseManifest(raw);
    const isAccepted = (stored ?? parsed.mediaType) === mediaTypes.dockerManifest;
    if (!isAccepted || parsed.kind !== "image" || instance !== undefined)
      throw this.#rejected(`it accepts single images in Docker format, and not ${stored}`);
    this.#image = { raw, parsed };
  }

  async commit(options: OperationOptions = {}): Promise<CommittedImage | undefined> {
    options.signal?.throwIfAborted();
    const image = this.#image;
    if (image === undefined) throw this.#conflict("commit() was called before putManifest()");
    let generated: RawManifest | undefined;
    await this.#update.commit(async (current) => {
      const { images, blobs, configs } = await contentOf(current, options);
      this.#checkReused(blobs);
      const { raw, parsed } = image;
      const config = await this.#configOf(parsed.config.digest, blobs, current, options);
      const mismatch = layerMismatch(parsed, config);
      if (mismatch !== undefined) throw this.#rejected(mismatch);
      generated = manifestOf(config, parsed.layers);
      const pathOf = ({ digest }: Descriptor): string =>
        this.#update.sizeOf(digest) === undefined
          ? (blobs.get(digest)?.path ?? blobPath(digest))
          : blobPath(digest);
      const added = {
        config: pathOf(parsed.config),
        tags: this.#names.map(formatNamedReference),
        layers: parsed.layers.map(pathOf),
      };
      const same = images.find((existing) => configs.get(existing) === parsed.config.digest);
      const manifest = formatDockerManifest(withArchivedImage(images, added, same));
      const layout = await this.#layoutFiles(raw, current, options);
      // Used by docker before 1.10; it would list only some of the images.
      const keeps = (path: string): boolean => path !== "repositories";
      return { files: new Map([...layout, [dockerManifestName, manifest]]), keeps };
    }, options);
    return generated && { manifest: generated };
  }

  /** Without `commit` the archive stays unchanged. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#update[Symbol.asyncDispose]();
  }

  /**
   * The files that make the archive an OCI image layout. None for an existing archive that is not a layout: an index
   * of only the new image would hide the others.
   */
  async #layoutFiles(
    manifest: RawManifest,
    current: TarArchive | undefined,
    options: OperationOptions,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const index = await current?.readSmall("index.json", indexSizeLimit, options);
    const isLayout = current === undefined || index !== undefined;
    return isLayout ? layoutFilesFor(manifest, this.#names, index) : new Map();
  }

  async #configOf(
    digest: Digest,
    blobs: DockerArchiveContent["blobs"],
    current: TarArchive | undefined,
    options: OperationOptions,
  ): Promise<Uint8Array> {
    const path = blobs.get(digest)?.path;
    const config =
      this.#configs.get(digest) ??
      (path === undefined ? undefined : await current?.readSmall(path, maxManifestSize, options));
    if (config !== undefined) return config;
    throw this.#conflict(`The manifest references the config ${digest}, which was not written`);
  }

  /** Another process may have replaced the archive during the copy. */
  #checkReused(blobs: DockerArchiveContent["blobs"]): void {
    for (const digest of this.#reused) {
      if (blobs.has(digest)) continue;
      const { location } = this.#update;
      const message = `The blob ${digest} was removed from ${location} during the copy; copy again`;
      throw this.#conflict(message, true);
    }
  }

  #rejected(reason: string): ImageError {
    const reference = imageName(this.reference);
    return new ImageError(
      "manifest-rejected",
      `Cannot write the image to a docker archive: ${reason}`,
      { reference },
    );
  }

  #conflict(message: string, retryable = false): ImageError {
    const reference = imageName(this.reference);
    return new ImageError("conflict", message, { retryable, reference });
  }
}

/**
 * Passes the bytes through and collects them in `chunks`. @throws ImageError `invalid-manifest` for a config over the
 * size limit
 */
async function* recording(
  bytes: AsyncIterable<Uint8Array>,
  chunks: Uint8Array[],
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > maxManifestSize)
      throw new ImageError(
        "invalid-manifest",
        `The config has more than ${maxManifestSize} bytes, which is the limit`,
      );
    chunks.push(Uint8Array.from(chunk));
    yield chunk;
  }
}
