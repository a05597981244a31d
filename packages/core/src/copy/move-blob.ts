import { setTimeout as delay } from "node:timers/promises";

import type { BlobInfo, Descriptor } from "../blob-info.ts";
import { checkDigest, counted, verified } from "../byte-stream.ts";
import { compressed, decompressed, sniffed } from "../compression.ts";
import type { SniffedBytes } from "../compression.ts";
import type { ImageDestination } from "../image-destination.ts";
import { isImageError } from "../image-error.ts";
import type { ImageSource } from "../image-source.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import type { BlobStep, BlobTransform } from "./copy-plan.ts";
import type { ExecuteOptions } from "./execute-copy.ts";

/** What became of a blob. */
export interface MovedBlob {
  readonly from: Descriptor;
  readonly outcome: "copied" | "reused";
  readonly stored: Descriptor;
  /** How it is packed now, where that was changed on the way. */
  readonly packedAs: LayerCompression | undefined;
}

const attempts = 3;
const firstPause = 250;

/** Brings one blob to the destination, again from its start after a failure that may pass. */
export async function moveBlob(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  options: ExecuteOptions,
): Promise<MovedBlob> {
  const { blob, isConfig } = step;
  options.onEvent?.({ kind: "blob-started", blob, isConfig });
  for (let attempt = 1; ; attempt++) {
    try {
      const moved = await moveOnce(step, source, destination, options);
      const { outcome, stored } = moved;
      options.onEvent?.({ kind: "blob-done", digest: blob.digest, outcome, stored });
      return moved;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (attempt === attempts || !isImageError(error) || !error.retryable) throw error;
      options.onEvent?.({ kind: "retry", digest: blob.digest, attempt, error });
      const pause = firstPause * 2 ** attempt * (0.5 + Math.random());
      await delay(pause, undefined, { signal: options.signal });
    }
  }
}

async function moveOnce(
  step: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  { signal, onEvent }: ExecuteOptions,
): Promise<MovedBlob> {
  const { blob, isConfig } = step;
  // What is to be repacked is of no use as it is.
  const reused =
    step.digest === undefined
      ? undefined
      : await destination.tryReusingBlob(blob, { location: source.locateBlob?.(blob), signal });
  if (reused !== undefined) {
    const { digest = blob.digest, size = blob.size } = reused;
    return {
      from: blob,
      outcome: "reused",
      stored: { ...blob, digest, size },
      packedAs: undefined,
    };
  }
  const read = counted(verified(source.getBlob(blob, { signal }), blob), (bytes) =>
    onEvent?.({ kind: "blob-progress", digest: blob.digest, bytes }),
  );
  const { bytes, info, packedAs, close } = await transformed(read, blob, step.transform);
  try {
    const stored = await destination.putBlob(bytes, info, { isConfig, signal });
    if (info.digest !== undefined) checkDigest(stored.digest, info.digest);
    return { from: blob, outcome: "copied", stored, packedAs };
  } finally {
    await close?.();
  }
}

interface Transformed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly info: BlobInfo;
  readonly packedAs: LayerCompression | undefined;
  readonly close?: () => Promise<void>;
}

/** The first bytes are read at once only where a change is possible. */
async function transformed(
  bytes: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  transform: BlobTransform,
): Promise<Transformed> {
  if (transform === "preserve") return { bytes, info: blob, packedAs: undefined };
  const found = await sniffed(bytes);
  const close = (): Promise<void> => found.close();
  const repacked = repack(found, transform);
  if (repacked === undefined) return { bytes: found.bytes, info: blob, packedAs: undefined, close };
  const { mediaType, annotations } = blob;
  return { bytes: repacked.bytes, info: { mediaType, annotations }, packedAs: repacked.as, close };
}

function repack(
  { bytes, compression }: SniffedBytes,
  transform: "compress" | "decompress",
): { bytes: AsyncIterable<Uint8Array>; as: LayerCompression } | undefined {
  if (transform === "compress") {
    return compression === "none" ? { bytes: compressed(bytes, "gzip"), as: "gzip" } : undefined;
  }
  return compression === "none"
    ? undefined
    : { bytes: decompressed(bytes, compression), as: "none" };
}
