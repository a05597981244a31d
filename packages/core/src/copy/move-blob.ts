import { compressed, decompressed, detectCompression } from "../compression/compression.ts";
import type { Compression, DecompressionOptions } from "../compression/compression.ts";
import type { DecompressionTotal } from "../compression/decompression-limit.ts";
import { replayable } from "../content/replayable.ts";
import { checkDigest } from "../content/verified-blob.ts";
import type { VerifiedBlob } from "../content/verified-blob.ts";
import type { BlobInfo, Descriptor } from "../contract/blob-info.ts";
import type { BlobBody, ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { Retries } from "../contract/retries.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import { convertConfig } from "./convert-config.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { BlobStep, BlobTransform } from "./copy-plan.ts";
import type { MovedBlob } from "./moved-blob.ts";
import { readBlob } from "./read-blob.ts";
import { reuseBlob } from "./reuse-blob.ts";
import { sizeHintOf } from "./size-hint.ts";

export interface MoveOptions extends ExecuteOptions {
  /** Of all layers of the copy. */
  readonly decompressed?: DecompressionTotal | undefined;
}

/** Copies one blob to the destination, again from its start after a temporary failure. */
export async function moveBlob(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  options: MoveOptions,
): Promise<MovedBlob> {
  const { blob, isConfig } = step;
  const { signal, onEvent, retries = new Retries() } = options;
  onEvent?.({ kind: "blob-started", blob, isConfig });
  return retries.run(
    `copy ${blob.digest}`,
    async () => {
      const moved = await moveOnce(step, source, destination, options);
      const { outcome, stored } = moved;
      onEvent?.({ kind: "blob-done", digest: blob.digest, outcome, stored });
      return moved;
    },
    { signal, onRestart: () => onEvent?.({ kind: "blob-restarted", digest: blob.digest }) },
  );
}

async function moveOnce(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  { onEvent, ...options }: MoveOptions,
): Promise<MovedBlob> {
  const { blob, isConfig, transform } = step;
  if (transform === "oci-config")
    return convertConfig(blob, source, destination, { ...options, onEvent });
  const reused = await reuseBlob(step, source, destination, options);
  if (reused !== undefined) return reused;
  const read = readBlob(blob, source, options, onEvent);
  const { bytes, info, replay, close, ...packing } = await transformed(read, blob, {
    transform,
    reuseBuffers: destination.accepts.reuseBuffers === true,
    isLocal: source.offers.isLocal === true,
    decompression: {
      maxSize: options.maxLayerSize,
      total: options.decompressed,
      what: `The layer ${blob.digest}`,
      decompress: options.decompress,
    },
  });
  const isUnpacked = packing.packedBefore === "gzip" && packing.packedAs === "none";
  try {
    const sizeHint = isUnpacked ? await sizeHintOf(blob, source, options) : undefined;
    const how = { ...options, isConfig, sizeHint };
    const stored = await destination.putBlob(replayable(bytes, replay), info, how);
    if (info.digest !== undefined) checkDigest(stored.digest, info.digest);
    return { from: blob, outcome: "copied", stored, ...packing };
  } finally {
    await close?.();
  }
}

interface Transformed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly info: BlobInfo;
  readonly replay: BlobBody["replay"];
  readonly packedAs: LayerCompression | undefined;
  readonly packedBefore?: Compression;
  readonly close?: () => Promise<void>;
}

interface Transforming {
  readonly transform: Exclude<BlobTransform, "oci-config">;
  /** Whether the destination takes such. */
  readonly reuseBuffers: boolean;
  /** Whether it costs nothing to begin to read once more. */
  readonly isLocal: boolean;
  readonly decompression: DecompressionOptions;
}

/** The first bytes are read at once only where a change is possible. */
async function transformed(
  blob: VerifiedBlob,
  descriptor: Descriptor,
  { transform, reuseBuffers, isLocal, decompression }: Transforming,
): Promise<Transformed> {
  const from = (start: number): AsyncIterable<Uint8Array> => blob.from(start, { reuseBuffers });
  const unchanged = { info: descriptor, packedAs: undefined, replay: from };
  if (transform === "preserve") return { ...unchanged, bytes: from(0) };
  const found = await detectCompression(from(0));
  const { compression } = found;
  const close = async (): Promise<void> => found.close();
  const as = repackedAs(compression, transform);
  if (as === undefined) return { ...unchanged, bytes: found.bytes, close };
  const { mediaType, annotations } = descriptor;
  const rest = { info: { mediaType, annotations }, packedBefore: compression, packedAs: as };
  // Who packs or unpacks is done with each chunk before the next, but that it comes to that showed only now.
  const isReadAgain = isLocal && !reuseBuffers;
  if (isReadAgain) await close();
  const bytes = isReadAgain ? blob.from(0, { reuseBuffers: true }) : found.bytes;
  const unpacked = decompressed(bytes, compression, decompression);
  const result = as === "none" ? unpacked : compressed(unpacked, as);
  return { ...rest, replay: undefined, bytes: result, close };
}

/** Undefined where it stays as it is. */
function repackedAs(
  compression: Compression,
  transform: Exclude<BlobTransform, "preserve" | "oci-config">,
): LayerCompression | undefined {
  switch (transform) {
    case "compress":
      return compression === "none" ? "gzip" : undefined;
    case "decompress":
      return compression === "none" ? undefined : "none";
    case "gzip":
    case "zstd":
      return compression === transform ? undefined : transform;
  }
}
