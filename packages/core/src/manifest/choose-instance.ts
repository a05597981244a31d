import { ImageError } from "../names/image-error.ts";
import { instancesOf } from "./manifest.ts";
import type { ImageIndex, InstanceDescriptor } from "./manifest.ts";
import { formatPlatform } from "./platform.ts";
import type { Platform } from "./platform.ts";
import { isMarkedZstd } from "./zstd-mark.ts";

/** Variants that a processor also runs, the most capable first. */
const variants: ReadonlyMap<string, readonly string[]> = new Map([
  ["arm", ["v8", "v7", "v6", "v5"]],
  ["arm64", ["v8"]],
]);

/**
 * The instance for a platform: the nearest variant, of those one with zstd layers, of those the first; an entry that
 * names no platform only where no other fits.
 * @throws ImageError `not-found` that lists the platforms there are
 */
export function chooseInstance(index: ImageIndex, platform: Platform): InstanceDescriptor {
  const ranked = instancesOf(index)
    .map((instance) => ({ instance, rank: rankOf(instance, platform) }))
    .filter(({ rank }) => rank < Infinity)
    .toSorted((a, b) => a.rank - b.rank);
  const best = ranked[0]?.instance;
  if (best !== undefined) return best;
  throw new ImageError(
    "not-found",
    `No image for ${formatPlatform(platform)}; there is one for ${listOfPlatforms(index)}`,
  );
}

/**
 * The instances of exactly these platforms; one asked for without variant brings all its variants, and an instance that
 * is listed several times all its entries.
 * @throws ImageError `not-found` for a platform that is not there
 */
export function chooseInstances(
  index: ImageIndex,
  platforms: readonly Platform[],
): readonly InstanceDescriptor[] {
  for (const platform of platforms) {
    if (index.manifests.some((instance) => isOf(instance, platform))) continue;
    throw new ImageError(
      "not-found",
      `No image for ${formatPlatform(platform)}; there is one for ${listOfPlatforms(index)}`,
    );
  }
  const wanted = index.manifests.filter((instance) => platforms.some((one) => isOf(instance, one)));
  const digests = new Set(wanted.map(({ digest }) => digest));
  return index.manifests.filter(({ digest }) => digests.has(digest));
}

/** Whether a processor for which `wanted` is asked runs what is for this platform. */
export function fitsPlatform(platform: Platform, wanted: Platform): boolean {
  return rankOfPlatform(platform, wanted) < Infinity;
}

function rankOf(instance: InstanceDescriptor, wanted: Platform): number {
  const { platform } = instance;
  const zstd = isMarkedZstd(instance) ? 0 : 0.5;
  return (platform === undefined ? 1000 : rankOfPlatform(platform, wanted)) + zstd;
}

function rankOfPlatform(platform: Platform, wanted: Platform): number {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return Infinity;
  const at = wantedVariants(wanted).indexOf(platform.variant ?? "");
  return at < 0 ? Infinity : at;
}

/** With a variant: it, what it also runs, none. Without: none, then all that are known. */
function wantedVariants({ architecture, variant }: Platform): readonly string[] {
  const known = variants.get(architecture) ?? [];
  if (variant === undefined) return ["", ...known];
  const at = known.indexOf(variant);
  return at < 0 ? [variant, ""] : [...known.slice(at), ""];
}

function isOf({ platform }: InstanceDescriptor, wanted: Platform): boolean {
  return (
    platform?.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || platform.variant === wanted.variant)
  );
}

/** `unknown/unknown` is what builders write for attestations: nothing to choose. */
function listOfPlatforms(index: ImageIndex): string {
  const names = index.manifests
    .flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]))
    .filter((name) => !name.startsWith("unknown/"));
  return names.length === 0 ? "no platform at all" : [...new Set(names)].join(", ");
}
