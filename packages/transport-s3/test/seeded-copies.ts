import { parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { inMemory, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";

import { s3 } from "../src/index.ts";
import type { S3Settings } from "../src/index.ts";
import { S3Store } from "../src/layout/s3-store.ts";
import { parseS3Location } from "../src/s3-location.ts";
import { S3Reference } from "../src/s3-reference.ts";

/** One image for two platforms; each of its layers has several parts. */
export interface SeededCopy {
  readonly seed: string;
  /** Bytes. */
  readonly partSize: number;
  /** Whether layers are compressed, so their digests are unknown before the upload. */
  readonly compressesLayers: boolean;
}

export async function imageOf({
  seed,
  partSize,
  compressesLayers,
}: SeededCopy): Promise<WholeImage> {
  return randomIndex(seed, {
    platforms: ["linux/amd64", "linux/arm64"].map(parsePlatform),
    layers: 2,
    layerSize: Math.ceil(partSize * 2.5),
    compression: compressesLayers ? "none" : "gzip",
  });
}

export async function sourceOf(copy: SeededCopy): Promise<ImageReference> {
  return inMemory(await imageOf(copy));
}

/** A new transport with smaller parts than real stores accept. */
export function destinationOf(
  { partSize, compressesLayers }: SeededCopy,
  settings: S3Settings,
  text: string,
): S3Reference {
  const layers = compressesLayers ? "compress" : "preserve";
  const store = new S3Store({ ...settings, partSize, layers }, partSize);
  return new S3Reference(s3(), parseS3Location(text), store);
}
