import { mediaTypes } from "@drayage/core";
import type { DigestAlgorithm, Platform } from "@drayage/core";

import { imageOfParts, json, manifestOf, partOf } from "./assembled-image.ts";
import { platformFields } from "./platform-fields.ts";
import { imageFrom } from "./random-image.ts";
import type { RandomImageOptions } from "./random-image.ts";
import { SeededRandom } from "./seeded-random.ts";
import { descriptorOf } from "./whole-image.ts";
import type { WholeImage } from "./whole-image.ts";

/** The other options apply to each image. */
export interface RandomIndexOptions extends Pick<
  RandomImageOptions,
  "format" | "layers" | "layerSize" | "compression" | "digestAlgorithm"
> {
  /** The default is `linux/amd64`, `linux/arm64/v8`, `linux/arm/v7`, `linux/arm/v6`. */
  readonly platforms?: readonly Platform[] | undefined;
  /** The number of base layers that all images share. The default is 1. */
  readonly sharedLayers?: number | undefined;
  /** Adds an attestation for the first image with the platform `unknown/unknown`, like build tools. */
  readonly attestation?: boolean | undefined;
  /** Nests all images except the first in an inner index. */
  readonly nested?: boolean | undefined;
}

const defaultPlatforms: readonly Platform[] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64", variant: "v8" },
  { os: "linux", architecture: "arm", variant: "v7" },
  { os: "linux", architecture: "arm", variant: "v6" },
];

/** Generates an index, or Docker's manifest list, from a seed like `randomImage`. */
export async function randomIndex(
  seed: string | number,
  options: RandomIndexOptions = {},
): Promise<WholeImage> {
  const {
    platforms = defaultPlatforms,
    sharedLayers = 1,
    nested,
    attestation,
    digestAlgorithm,
  } = options;
  const random = new SeededRandom(seed);
  const shared = { random: random.fork("shared"), layers: sharedLayers };
  const entries: IndexEntry[] = [];
  for (const [at, platform] of platforms.entries()) {
    const image = await imageFrom(random.fork(at), { ...options, platform }, shared);
    entries.push({ image, platform });
  }
  const mediaType = options.format === "docker" ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const [first, ...others] = entries;
  if (first === undefined) return indexOf(mediaType, [], digestAlgorithm);
  if (attestation) others.push(attestationOf(first, random));
  const inner = nested ? [{ image: indexOf(mediaType, others, digestAlgorithm) }] : others;
  return indexOf(mediaType, [first, ...inner], digestAlgorithm);
}

interface IndexEntry {
  readonly image: WholeImage;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

function indexOf(
  mediaType: string,
  entries: readonly IndexEntry[],
  digestAlgorithm: DigestAlgorithm | undefined,
): WholeImage {
  const manifests = entries.map(({ image, platform, annotations }) => ({
    ...descriptorOf(image),
    ...(platform && { platform: platformFields(platform) }),
    ...(annotations && { annotations }),
  }));
  return {
    manifest: manifestOf(mediaType, { manifests }, digestAlgorithm),
    instances: entries.flatMap(({ image }) => [...image.instances, image.manifest]),
    blobs: new Map(entries.flatMap(({ image }) => [...image.blobs])),
  };
}

/** Like BuildKit: an image with an in-toto statement as its only layer. */
function attestationOf({ image: { manifest } }: IndexEntry, random: SeededRandom): IndexEntry {
  const statement = partOf(
    "application/vnd.in-toto+json",
    json({
      _type: "https://in-toto.io/Statement/v0.1",
      predicateType: "https://slsa.dev/provenance/v0.2",
      subject: [{ name: random.fork("attestation").word(8), digest: manifest.digest }],
      predicate: {},
    }),
  );
  const platform: Platform = { os: "unknown", architecture: "unknown" };
  const config = partOf(
    mediaTypes.ociConfig,
    json({
      ...platform,
      config: {},
      rootfs: { type: "layers", diff_ids: [statement.descriptor.digest] },
    }),
  );
  const image = imageOfParts(mediaTypes.ociManifest, config, [statement], {});
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": manifest.digest,
  };
  return { image, platform, annotations };
}
