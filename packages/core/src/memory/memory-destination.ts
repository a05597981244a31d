import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import type {
  DestinationAccepts,
  ImageDestination,
  PutBlobOptions,
  PutManifestOptions,
  ReusedManifest,
  ReuseManifestOptions,
} from "../contract/image-destination.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { algorithmOf, digestHasher } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { MemoryStore } from "./memory-store.ts";

/** Writes an image to a memory transport. Nothing is visible before `commit`. */
export class MemoryDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts = {
    manifestMIMETypes: undefined,
    layers: "preserve",
    foreignLayerURLs: false,
    sparseIndexes: true,
    signatures: true,
    referrers: true,
    parallelBlobs: 6,
    reuseBuffers: true,
  };
  readonly #store: MemoryStore;
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #instances = new Map<Digest, RawManifest>();
  readonly #tags = new Map<string, Digest>();
  readonly #signatures = new Map<Digest, readonly Signature[]>();
  #top: (RawManifest & { readonly digest: Digest }) | undefined;

  constructor(reference: ImageReference, store: MemoryStore) {
    this.reference = reference;
    this.#store = store;
  }

  async resolve({ signal }: OperationOptions = {}): Promise<Digest | undefined> {
    signal?.throwIfAborted();
    return this.#store.images.get(this.reference.stringWithinTransport)?.top.digest;
  }

  async tryReusingManifest(
    digest: Digest,
    { signal }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    signal?.throwIfAborted();
    const image = this.#store.images.get(this.reference.stringWithinTransport);
    const manifest = image?.instances.get(digest);
    if (manifest === undefined) return undefined;
    this.#instances.set(digest, manifest);
    return { digest };
  }

  async tryReusingBlob(
    { digest }: Descriptor,
    { signal }: OperationOptions = {},
  ): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const size = (this.#blobs.get(digest) ?? this.#store.blobs.get(digest))?.byteLength;
    return size === undefined ? undefined : { digest, size };
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    { digest: known, mediaType = "application/octet-stream" }: BlobInfo,
    { digestAlgorithm, signal }: PutBlobOptions = {},
  ): Promise<Descriptor> {
    const hasher = digestHasher(digestAlgorithm);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      if (known === undefined) hasher.update(chunk);
      chunks.push(Uint8Array.from(chunk));
    }
    const digest = known ?? hasher.digest();
    const blob = Buffer.concat(chunks);
    this.#blobs.set(digest, blob);
    return { digest, size: blob.byteLength, mediaType };
  }

  async putManifest(
    manifest: RawManifest,
    { instance, tag, signal }: PutManifestOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (instance !== undefined && tag !== undefined) this.#tags.set(tag, instance);
    if (instance !== undefined) this.#instances.set(instance, manifest);
    else this.#top = { ...manifest, digest: storedDigestOf(manifest) };
  }

  async putSignatures(
    signatures: readonly Signature[],
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const manifest = instance ?? this.#top?.digest;
    if (manifest === undefined)
      throw new ImageError("conflict", "Signatures were put before their manifest");
    this.#signatures.set(manifest, signatures);
  }

  async commit({ signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const top = this.#top;
    if (top === undefined)
      throw new ImageError("conflict", "The image was committed before its manifest");
    for (const [digest, blob] of this.#blobs) this.#store.blobs.set(digest, blob);
    this.#store.images.set(this.reference.stringWithinTransport, {
      top,
      instances: this.#instances,
      tags: this.#tags,
      signatures: this.#signatures,
    });
  }

  /** Discards an uncommitted image. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The digest with the algorithm that the copy uses for the manifest. */
function storedDigestOf(manifest: RawManifest): Digest {
  return manifestDigestOf(manifest, manifest.digest && algorithmOf(manifest.digest));
}
