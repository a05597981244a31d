import type { BlobInfo, Descriptor } from "../blob-info.ts";
import { ranged } from "../byte-stream.ts";
import { compressed, decompressed, sniffed } from "../compression.ts";
import type { Compression, SniffedBytes } from "../compression.ts";
import type { ImageDestination, PutBlobOptions } from "../image-destination.ts";
import type { GetBlobOptions, ImageSource } from "../image-source.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import { Retries } from "../retries.ts";
import { checkDigest, VerifiedBlob } from "../verified-blob.ts";
import type { ReadFrom } from "../verified-blob.ts";
import type { BlobStep, BlobTransform } from "./copy-plan.ts";
import type { ExecuteOptions } from "./execute-copy.ts";
import { expectedSizeOf } from "./expected-size.ts";
import { reuseBlob } from "./reuse-blob.ts";

/** What became of a blob. */
export interface MovedBlob {
  readonly from: Descriptor;
  readonly outcome: "copied" | "reused";
  readonly stored: Descriptor;
  /** How it is packed now, where that was changed on the way. */
  readonly packedAs: LayerCompression | undefined;
  /** How it was packed, where its bytes were looked at. */
  readonly packedBefore?: Compression | undefined;
}

/** Brings one blob to the destination, again from its start where what failed may pass. */
export async function moveBlob(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  options: ExecuteOptions,
): Promise<MovedBlob> {
  const { blob, isConfig } = step;
  const { signal, onEvent, retries = new Retries() } = options;
  onEvent?.({ kind: "blob-started", blob, isConfig });
  const doing = `copy ${blob.digest}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const moved = await moveOnce(step, source, destination, options);
      const { outcome, stored } = moved;
      onEvent?.({ kind: "blob-done", digest: blob.digest, outcome, stored });
      return moved;
    } catch (error) {
      if (!(await retries.mayTryAgain({ error, attempt, doing }, signal))) throw error;
      onEvent?.({ kind: "blob-restarted", digest: blob.digest });
    }
  }
}

async function moveOnce(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  { onEvent, ...options }: ExecuteOptions,
): Promise<MovedBlob> {
  const { blob, isConfig } = step;
  const reused = await reuseBlob(step, source, destination, options);
  if (reused !== undefined) return reused;
  // Who packs or unpacks keeps what it was given for a while.
  const lentChunks = step.transform === "preserve" && destination.accepts.lentChunks === true;
  const read = new VerifiedBlob(blob, readerOf(source, blob, { ...options, lentChunks }), {
    lentChunks,
    onProgress: (bytes) => onEvent?.({ kind: "blob-progress", digest: blob.digest, bytes }),
  });
  const { bytes, info, reread, close, ...packing } = await transformed(read, blob, step.transform);
  const isUnpacked = packing.packedBefore === "gzip" && packing.packedAs === "none";
  try {
    const expectedSize = isUnpacked ? await expectedSizeOf(blob, source, options) : undefined;
    const how = { ...options, isConfig, expectedSize, reread };
    const stored = await destination.putBlob(bytes, info, how);
    if (info.digest !== undefined) checkDigest(stored.digest, info.digest);
    return { from: blob, outcome: "copied", stored, ...packing };
  } finally {
    await close?.();
  }
}

function readerOf(source: ImageSource, blob: Descriptor, options: GetBlobOptions): ReadFrom {
  return (start) => {
    if (start === 0) return source.getBlob(blob, options);
    if (source.offers.ranges) return source.getBlob(blob, { ...options, range: { start } });
    return ranged(source.getBlob(blob, options), { start });
  };
}

interface Transformed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly info: BlobInfo;
  readonly reread: PutBlobOptions["reread"];
  readonly packedAs: LayerCompression | undefined;
  readonly packedBefore?: Compression;
  readonly close?: () => Promise<void>;
}

/** The first bytes are read at once only where a change is possible. */
async function transformed(
  blob: VerifiedBlob,
  descriptor: Descriptor,
  transform: BlobTransform,
): Promise<Transformed> {
  const reread = (start: number): AsyncIterable<Uint8Array> => blob.from(start);
  const unchanged = { info: descriptor, packedAs: undefined, reread };
  if (transform === "preserve") return { ...unchanged, bytes: blob.from(0) };
  const found = await sniffed(blob.from(0));
  const close = (): Promise<void> => found.close();
  const repacked = repack(found, transform);
  if (repacked === undefined) return { ...unchanged, bytes: found.bytes, close };
  const { mediaType, annotations } = descriptor;
  const info = { mediaType, annotations };
  const packing = { packedBefore: found.compression, packedAs: repacked.as };
  return { info, ...packing, reread: undefined, bytes: repacked.bytes, close };
}

function repack(
  { bytes, compression }: SniffedBytes,
  transform: Exclude<BlobTransform, "preserve">,
): { bytes: AsyncIterable<Uint8Array>; as: LayerCompression } | undefined {
  switch (transform) {
    case "compress":
      return compression === "none" ? { bytes: compressed(bytes, "gzip"), as: "gzip" } : undefined;
    case "decompress":
      if (compression === "none") return undefined;
      return { bytes: decompressed(bytes, compression), as: "none" };
    case "gzip":
    case "zstd":
      if (compression === transform) return undefined;
      return { bytes: compressed(decompressed(bytes, compression), transform), as: transform };
  }
}
