import type { BlobInfo, Descriptor } from "../blob-info.ts";
import { digestHasher, digestOf } from "../digest.ts";
import type { Digest } from "../digest.ts";
import type { DestinationAccepts, ImageDestination, PutBlobOptions } from "../image-destination.ts";
import { ImageError } from "../image-error.ts";
import type { ImageReference } from "../image-reference.ts";
import type { OperationOptions } from "../operation-options.ts";
import type { RawManifest } from "../raw-manifest.ts";
import type { Signature } from "../signature.ts";
import type { MemoryStore } from "./memory-store.ts";

/** Keeps all that it is given to itself until `commit`. */
export class MemoryDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts = {
    manifestMIMETypes: undefined,
    layers: "preserve",
    foreignLayerURLs: false,
    signatures: true,
    referrers: true,
    parallelBlobs: 6,
    lentChunks: true,
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

  async findManifestDigest(
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<Digest | undefined> {
    signal?.throwIfAborted();
    const image = this.#store.images.get(this.reference.stringWithinTransport);
    if (instance === undefined) return image?.top.digest;
    return image?.instances.has(instance) ? instance : undefined;
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
    { signal }: PutBlobOptions = {},
  ): Promise<Descriptor> {
    const hasher = digestHasher();
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
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (instance !== undefined) this.#instances.set(instance, manifest);
    else this.#top = { ...manifest, digest: digestOf(manifest.bytes) };
  }

  async putTaggedManifest(
    manifest: RawManifest,
    tag: string,
    options: OperationOptions = {},
  ): Promise<void> {
    const digest = digestOf(manifest.bytes);
    await this.putManifest(manifest, digest, options);
    this.#tags.set(tag, digest);
  }

  async putSignatures(
    signatures: readonly Signature[],
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const manifest = instance ?? this.#top?.digest;
    if (manifest === undefined)
      throw new ImageError("conflict", "Signatures before their manifest");
    this.#signatures.set(manifest, signatures);
  }

  async commit({ signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const top = this.#top;
    if (top === undefined) throw new ImageError("conflict", "Commit before the manifest");
    for (const [digest, blob] of this.#blobs) this.#store.blobs.set(digest, blob);
    this.#store.images.set(this.reference.stringWithinTransport, {
      top,
      instances: this.#instances,
      tags: this.#tags,
      signatures: this.#signatures,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
