import type { Descriptor, DigestAlgorithm, Platform } from "@drayage/core";
import type { LayerCompression } from "@drayage/core/manifest";

import { assembledImage, created } from "./assembled-image.ts";
import type { AssembledImage, ImageFormat, UncompressedLayer } from "./assembled-image.ts";
import { layerTar } from "./layer-tar.ts";
import type { LayerEntry } from "./layer-tar.ts";
import { randomLayer, whiteoutOf } from "./random-layer.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Properties that do not depend on the seed. */
export interface RandomImageOptions {
  /** The default is `oci`. */
  readonly format?: ImageFormat | undefined;
  /** The default is `linux/amd64`. */
  readonly platform?: Platform | undefined;
  /** The number of layers. The default is 3. */
  readonly layers?: number | undefined;
  /** The size of all files of one layer in bytes. The default is 4096. */
  readonly layerSize?: number | undefined;
  /** The compression of all layers, or a list to cycle through. The default is gzip. */
  readonly compression?: LayerCompression | readonly LayerCompression[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The manifest that it refers to; OCI only. */
  readonly subject?: Descriptor | undefined;
  /** The algorithm of the digests of layers, config and manifest. The default is sha256. */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
}

/**
 * Generates an image from a seed, with the same bytes on every machine. Layers are real tar files with folders,
 * programs, links and, above the base layer, a whiteout. gzip and zstd store the bytes without compressing them.
 */
export async function randomImage(
  seed: string | number,
  options: RandomImageOptions = {},
): Promise<AssembledImage> {
  return imageFrom(new SeededRandom(seed), options);
}

/** The first `shared.layers` layers use another source, so that several images can share them. */
export async function imageFrom(
  random: SeededRandom,
  options: RandomImageOptions,
  shared: { readonly random: SeededRandom; readonly layers: number } = { random, layers: 0 },
): Promise<AssembledImage> {
  const { layers: count = 3, layerSize = 4096, compression = "gzip" } = options;
  const compressions = typeof compression === "string" ? [compression] : compression;
  const layers: UncompressedLayer[] = [];
  let below: readonly LayerEntry[] = [];
  for (let at = 0; at < count; at++) {
    const source = at < shared.layers ? shared.random : random;
    const entries = randomLayer(source.fork(`layer ${at}`), layerSize);
    const tar = await layerTar([...whiteoutOf(below), ...entries], created);
    layers.push({ tar, compression: compressions[at % compressions.length] ?? "gzip" });
    below = entries;
  }
  const { annotations, subject, digestAlgorithm } = options;
  return assembledImage({
    format: options.format ?? "oci",
    platform: options.platform ?? { os: "linux", architecture: "amd64" },
    layers,
    execution: {
      Cmd: [`/${below.find(({ path }) => path.endsWith("/program"))?.path ?? ""}`],
      Env: ["PATH=/usr/bin:/bin", `SEED=${random.fork("config").word(16)}`],
      Labels: { "org.example.seed": random.fork("label").word(16) },
    },
    manifestFields: { annotations, subject },
    digestAlgorithm,
  });
}
