import type { BlobInfo } from "../contract/blob-info.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type {
  GetBlobOptions,
  ImageSource,
  Referrer,
  SourceOffers,
} from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { digestTagsOf } from "../names/digest-tag.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { MemoryStore, StoredImage } from "./memory-store.ts";

const chunkSize = 1 << 16;

/** Reads one image of a memory transport. */
export class MemorySource implements ImageSource {
  readonly reference: ImageReference;
  readonly offers: SourceOffers = { parallelBlobs: 6, ranges: true, isLocal: true };
  readonly #store: MemoryStore;
  readonly #image: StoredImage;

  constructor(reference: ImageReference, store: MemoryStore, image: StoredImage) {
    this.reference = reference;
    this.#store = store;
    this.#image = image;
  }

  async getManifest(instance?: Digest, { signal }: OperationOptions = {}): Promise<RawManifest> {
    signal?.throwIfAborted();
    if (instance === undefined) return this.#image.top;
    const manifest = this.#image.instances.get(instance);
    if (manifest !== undefined) return manifest;
    throw new ImageError("not-found", `No manifest ${instance} in memory`);
  }

  async *getBlob(
    { digest }: BlobInfo,
    { range, signal }: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    signal?.throwIfAborted();
    const blob = digest && this.#store.blobs.get(digest);
    if (blob === undefined) throw new ImageError("not-found", `No blob ${digest} in memory`);
    const end = Math.min(blob.byteLength, (range?.end ?? Infinity) + 1);
    for (let at = range?.start ?? 0; at < end; at += chunkSize) {
      signal?.throwIfAborted();
      yield blob.subarray(at, Math.min(at + chunkSize, end));
    }
  }

  async *getReferrers(
    subject: Digest,
    { signal }: OperationOptions = {},
  ): AsyncGenerator<Referrer, void, undefined> {
    for (const [digest, raw] of this.#image.instances) {
      signal?.throwIfAborted();
      const manifest = parseManifest(raw);
      if (manifest.subject?.digest !== subject) continue;
      const { mediaType, artifactType, annotations } = manifest;
      yield { digest, mediaType, size: raw.bytes.byteLength, artifactType, annotations };
    }
    for (const tag of digestTagsOf(subject)) {
      signal?.throwIfAborted();
      const digest = this.#image.tags.get(tag);
      if (digest !== undefined) yield { digest, tag };
    }
  }

  async getSignatures(
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<readonly Signature[]> {
    signal?.throwIfAborted();
    return this.#image.signatures.get(instance ?? this.#image.top.digest) ?? [];
  }

  /** Does nothing. The image stays in memory. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
