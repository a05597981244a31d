import { decompressed, detectCompression } from "../compression/compression.ts";
import type { Compression, DecompressionOptions } from "../compression/compression.ts";
import type { DecompressionTotal } from "../compression/decompression-limit.ts";
import { replayable } from "../content/replayable.ts";
import { checkDigest } from "../content/verified-blob.ts";
import type { VerifiedBlob } from "../content/verified-blob.ts";
import type { UsedCompressor } from "../contract/blob-info-cache.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import type { BlobBody, ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { LayerDecrypter } from "../contract/layer-encryption.ts";
import { Retries } from "../contract/retries.ts";
import { decryptedLayerType } from "../manifest/layer-media-types.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import type { BlobResult } from "./blob-result.ts";
import { compressionChange } from "./blob-transform.ts";
import type { CompressionChange } from "./blob-transform.ts";
import { cachedDiffID } from "./cached-diff-id.ts";
import { compressedLayer, targetOf } from "./compressed-layer.ts";
import { convertConfig } from "./convert-config.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { BlobStep } from "./copy-plan.ts";
import { DiffIDComputation, diffIDOf } from "./diff-id.ts";
import { isNamedByDiffID, newDigestAlgorithm, requireAlgorithm } from "./digest-algorithm.ts";
import {
  decrypterFor,
  encrypterFor,
  encryptionResultOf,
  typeAfterEncryption,
} from "./layer-encryption.ts";
import { readBlob } from "./read-blob.ts";
import { reuseBlob } from "./reuse-blob.ts";
import { sizeHintOf } from "./size-hint.ts";

/** The options for copying one blob. */
export interface CopyBlobOptions extends ExecuteOptions {
  /** The decompressed bytes of all layers of the copy. */
  readonly decompressed?: DecompressionTotal | undefined;
}

/** Copies one blob to the destination. Restarts after a temporary failure. */
export async function copyBlob(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  options: CopyBlobOptions,
): Promise<BlobResult> {
  const { blob, isConfig } = step;
  const { signal, onEvent, retries = new Retries() } = options;
  onEvent?.({ kind: "blob-started", blob, isConfig });
  return retries.run(
    `copy ${blob.digest}`,
    async () => {
      const result = await copyOnce(step, source, destination, options);
      const { outcome, stored } = result;
      onEvent?.({ kind: "blob-done", digest: blob.digest, outcome, stored });
      return result;
    },
    { signal, onRestart: () => onEvent?.({ kind: "blob-restarted", digest: blob.digest }) },
  );
}

async function copyOnce(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  { onEvent, ...options }: CopyBlobOptions,
): Promise<BlobResult> {
  const { blob, isConfig, transform, needsDiffID = false } = step;
  if (transform.kind === "oci-config")
    return convertConfig(blob, source, destination, { ...options, onEvent });
  const decompression = {
    maxSize: options.maxLayerSize,
    total: options.decompressed,
    what: `The layer ${blob.digest}`,
    decompress: options.decompress,
  };
  const reused = await reuseBlob(step, source, destination, options);
  if (reused !== undefined) {
    if (!needsDiffID) return reused;
    const cached = await cachedDiffID(blob.digest, options);
    if (cached !== undefined) return { ...reused, diffID: cached };
    const bytes = readBlob(blob, source, options, onEvent).from(0, { reuseBuffers: true });
    return { ...reused, diffID: await diffIDOf(bytes, decompression) };
  }
  const diffID = needsDiffID ? new DiffIDComputation(decompression) : undefined;
  const read = readBlob(blob, source, options, onEvent);
  const decrypter = decrypterFor(transform, options);
  const { bytes, info, replay, close, added, ...compressions } = await transformed(read, blob, {
    change: compressionChange(transform),
    decrypter,
    compressors: options.compressors,
    reuseBuffers: destination.accepts.reuseBuffers === true && diffID === undefined,
    isLocal: source.offers.isLocal === true,
    decompression,
    observe: diffID && ((whole) => diffID.observe(whole)),
  });
  const { sourceCompression, compression } = compressions;
  const isGunzipped =
    decrypter === undefined && sourceCompression === "gzip" && compression === "none";
  const encrypted = encrypterFor(transform, options)?.encrypt(bytes);
  const body = encrypted === undefined ? replayable(bytes, replay) : encrypted.bytes;
  const isRenamed = isNamedByDiffID(blob, isConfig, destination);
  const written: BlobInfo =
    encrypted === undefined
      ? { ...info, digest: isRenamed ? undefined : info.digest }
      : { mediaType: typeAfterEncryption(info.mediaType ?? blob.mediaType, transform) };
  try {
    const sizeHint = isGunzipped ? await sizeHintOf(blob, source, options) : undefined;
    const digestAlgorithm = newDigestAlgorithm(blob.digest, destination, options);
    const putOptions = { ...options, isConfig, sizeHint, digestAlgorithm };
    const stored = await destination.putBlob(body, written, putOptions);
    if (written.digest !== undefined) checkDigest(stored.digest, written.digest);
    else requireAlgorithm(digestAlgorithm, stored.digest, destination);
    const compressor = added?.();
    const encryption = await encryptionResultOf(decrypter, encrypted);
    // A layer that changes only its name is not compressed, because its name is its DiffID.
    const changes = {
      ...compressions,
      compression: compression ?? (isRenamed ? "none" : undefined),
      encryption,
    };
    const copied = { from: blob, outcome: "copied", stored, ...changes } as const;
    const result = compressor === undefined ? copied : { ...copied, compressor };
    return diffID === undefined ? result : { ...result, diffID: await diffID.result() };
  } finally {
    await close?.();
  }
}

/** The bytes to write, and how they differ from the source. */
interface Transformed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly info: BlobInfo;
  readonly replay: BlobBody["replay"];
  readonly compression: LayerCompression | undefined;
  readonly sourceCompression?: Compression;
  /** The compressor and its annotations, when all bytes were read. */
  readonly added?: (() => UsedCompressor) | undefined;
  readonly close?: () => Promise<void>;
}

interface TransformOptions {
  /** undefined to preserve the bytes. */
  readonly change: CompressionChange | undefined;
  readonly compressors: ExecuteOptions["compressors"];
  /** Decrypts the bytes first; undefined if they are not to be decrypted. */
  readonly decrypter: LayerDecrypter | undefined;
  /** Whether the destination accepts reused buffers. */
  readonly reuseBuffers: boolean;
  /** Whether the source can be read again at no cost. */
  readonly isLocal: boolean;
  readonly decompression: DecompressionOptions;
  /** Passes on the bytes of the blob as it is read from the start. */
  readonly observe: ((bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) | undefined;
}

/** Transforms a blob. Reads its first bytes immediately, unless it is preserved. */
async function transformed(
  blob: VerifiedBlob,
  descriptor: Descriptor,
  {
    change,
    compressors,
    decrypter,
    reuseBuffers,
    isLocal,
    decompression,
    observe,
  }: TransformOptions,
): Promise<Transformed> {
  const from = (start: number): AsyncIterable<Uint8Array> => blob.from(start, { reuseBuffers });
  const { mediaType, annotations } = descriptor;
  const changedInfo =
    decrypter === undefined
      ? { mediaType, annotations }
      : { mediaType: decryptedLayerType(mediaType) };
  const unchanged =
    decrypter === undefined
      ? { info: descriptor, compression: undefined, replay: from }
      : { info: changedInfo, compression: undefined, replay: undefined };
  const source = observe?.(from(0)) ?? from(0);
  const whole = decrypter === undefined ? source : await decrypter.decrypt(source, descriptor);
  if (change === undefined) return { ...unchanged, bytes: whole };
  const detected = await detectCompression(whole);
  const sourceCompression = detected.compression;
  const close = async (): Promise<void> => detected.close();
  const target = targetOf(change, sourceCompression, descriptor);
  if (target === undefined) return { ...unchanged, bytes: detected.bytes, close };
  // Compression and decompression allow reused buffers, so a local blob is opened again with them.
  const isReopened = isLocal && decrypter === undefined && !reuseBuffers && observe === undefined;
  if (isReopened) await close();
  const input = isReopened ? blob.from(0, { reuseBuffers: true }) : detected.bytes;
  const plain = decompressed(input, sourceCompression, decompression);
  const result = { info: changedInfo, replay: undefined, sourceCompression, close };
  if (target === "none") return { ...result, bytes: plain, compression: target };
  const { bytes, added } = compressedLayer(plain, target, compressors);
  return { ...result, bytes, compression: target.format, added };
}
