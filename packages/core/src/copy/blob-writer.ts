import type { DecompressionTotal } from "../compression/decompression-limit.ts";
import { blobConcurrency } from "../content/blob-concurrency.ts";
import { runAll } from "../content/run-all.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { withoutCompressionAnnotations } from "../manifest/compression-annotations.ts";
import { withLayerCompression } from "../manifest/layer-media-types.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { blobFacts } from "./blob-facts.ts";
import type { BlobResult } from "./blob-result.ts";
import { blobKey, configStep, layerKey, variantKey } from "./blob-step.ts";
import { copyBlob } from "./copy-blob.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { BlobStep } from "./copy-plan.ts";
import { typeBeforeEncryption, withEncryptionResult } from "./layer-encryption.ts";
import { Schema1Writer } from "./schema1-writer.ts";

/** Writes the blobs of a copy, and knows their descriptors at the destination. */
export class BlobWriter {
  readonly #source: ImageSource;
  readonly #destination: ImageDestination;
  readonly #options: ExecuteOptions;
  /** By `blobKey`. */
  readonly #results = new Map<string, BlobResult>();
  readonly #decompressed: DecompressionTotal = { read: 0, written: 0 };

  constructor(source: ImageSource, destination: ImageDestination, options: ExecuteOptions) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
  }

  get results(): readonly BlobResult[] {
    return [...this.#results.values()];
  }

  /** Writes blobs, the largest first, so that none is transferred alone at the end. */
  async writeAll(steps: readonly BlobStep[]): Promise<void> {
    const { signal: outerSignal, parallelBlobs } = this.#options;
    const { offers } = this.#source;
    const { accepts } = this.#destination;
    const count = Math.min(offers.parallelBlobs, accepts.parallelBlobs);
    const limits = blobConcurrency(({ blob }: BlobStep) => blob, count, parallelBlobs);
    const bySize = steps.toSorted((a, b) => b.blob.size - a.blob.size);
    try {
      await runAll(bySize, limits, outerSignal, async (step, signal) => {
        await this.#write(step, signal);
      });
    } finally {
      await this.#recordFacts();
    }
  }

  /** Writes manifests of schema 1, and manifests that are made from them. */
  schema1Writer(signal: AbortSignal | undefined): Schema1Writer {
    const options = { ...this.#options, signal };
    const resultOf = (layer: Digest): BlobResult | undefined => this.#results.get(layer);
    return new Schema1Writer(this.#source, this.#destination, options, resultOf);
  }

  /** The descriptor of a layer at the destination, in an instance of the source or in a variant of one. */
  writtenLayer(
    layer: Descriptor,
    {
      variant,
      isEncrypted = false,
    }: { readonly variant?: string | undefined; readonly isEncrypted?: boolean | undefined },
  ): Descriptor {
    const recompressed =
      variant === undefined ? undefined : this.#results.get(variantKey(layer.digest, variant));
    const result = recompressed ?? this.#results.get(layerKey(layer.digest, isEncrypted));
    if (result === undefined || result.stored.digest === layer.digest) return layer;
    const { stored, compression, encryption } = result;
    if (compression === undefined && encryption === undefined) return layer;
    const { digest, size } = stored;
    const plainType = typeBeforeEncryption(layer.mediaType, encryption);
    const compressedType = compression && withLayerCompression(plainType, compression);
    const mediaType = compressedType ?? plainType;
    const kept = withoutCompressionAnnotations(layer.annotations);
    const { compressor } = result;
    const annotations = compressor ? { ...kept, ...compressor.annotations } : kept;
    // The URLs are those of other bytes.
    const written = { ...layer, digest, size, mediaType, annotations, urls: [] };
    return withEncryptionResult(written, encryption);
  }

  /**
   * The converted config for a manifest of this media type; undefined if the config does not change. Writes it if the
   * plan did not include it, because another media type was rejected.
   */
  async convertedConfig(
    manifest: ImageManifest,
    mediaType: string,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor | undefined> {
    const step = configStep(manifest, mediaType, undefined);
    if (step.transform.kind === "preserve") return undefined;
    const result = this.#results.get(blobKey(step)) ?? (await this.#write(step, signal));
    return result.stored;
  }

  async #write(step: BlobStep, signal: AbortSignal | undefined): Promise<BlobResult> {
    const options = { ...this.#options, signal, decompressed: this.#decompressed };
    const result = await copyBlob(step, this.#source, this.#destination, options);
    this.#results.set(blobKey(step), result);
    return result;
  }

  /** Records facts in the cache, also if the copy was aborted. */
  async #recordFacts(): Promise<void> {
    const { cache, onNotice } = this.#options;
    const facts = blobFacts(this.results, this.#source, this.#destination);
    if (facts.length > 0) await cache?.record(facts, { onNotice });
  }
}
