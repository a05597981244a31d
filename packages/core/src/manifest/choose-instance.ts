import { ImageError } from "../names/image-error.ts";
import { instancesOf } from "./manifest.ts";
import type { ImageIndex, InstanceDescriptor } from "./manifest.ts";
import { formatPlatform } from "./platform.ts";
import type { Platform } from "./platform.ts";
import { hasZstdAnnotation } from "./zstd-annotation.ts";

/** The variants of an architecture, the most capable first. A processor also runs all that follow its own. */
const variants: ReadonlyMap<string, readonly string[]> = new Map([
  ["arm", ["v8", "v7", "v6", "v5"]],
  ["arm64", ["v8"]],
]);

/**
 * Selects the instance for a platform: the closest variant, then an instance with zstd layers, then the first. An entry
 * without a platform is selected only if no other one fits.
 * @throws ImageError `not-found` that lists the available platforms
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
    `No image for ${formatPlatform(platform)}; available: ${listPlatforms(index)}`,
  );
}

/**
 * Selects the instances of exactly these platforms. A platform without a variant selects all variants. If an instance is
 * listed several times, all its entries are returned.
 * @throws ImageError `not-found` if a platform is missing
 */
export function chooseInstances(
  index: ImageIndex,
  platforms: readonly Platform[],
): readonly InstanceDescriptor[] {
  for (const platform of platforms) {
    if (index.manifests.some((instance) => matchesPlatform(instance, platform))) continue;
    throw new ImageError(
      "not-found",
      `No image for ${formatPlatform(platform)}; available: ${listPlatforms(index)}`,
    );
  }
  const selected = index.manifests.filter((instance) =>
    platforms.some((one) => matchesPlatform(instance, one)),
  );
  const digests = new Set(selected.map(({ digest }) => digest));
  return index.manifests.filter(({ digest }) => digests.has(digest));
}

/** Whether an image for `platform` runs on `wanted`. */
export function fitsPlatform(platform: Platform, wanted: Platform): boolean {
  return rankOfPlatform(platform, wanted) < Infinity;
}

function rankOf(instance: InstanceDescriptor, wanted: Platform): number {
  const { platform } = instance;
  const zstd = hasZstdAnnotation(instance) ? 0 : 0.5;
  return (platform === undefined ? 1000 : rankOfPlatform(platform, wanted)) + zstd;
}

function rankOfPlatform(platform: Platform, wanted: Platform): number {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return Infinity;
  const at = variantsByPreference(wanted).indexOf(platform.variant ?? "");
  return at < 0 ? Infinity : at;
}

/** The variants that run on a platform, the preferred first; an empty one is an entry without a variant. */
function variantsByPreference({ architecture, variant }: Platform): readonly string[] {
  const known = variants.get(architecture) ?? [];
  if (variant === undefined) return ["", ...known];
  const at = known.indexOf(variant);
  return at < 0 ? [variant, ""] : [...known.slice(at), ""];
}

function matchesPlatform({ platform }: InstanceDescriptor, wanted: Platform): boolean {
  return (
    platform?.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || platform.variant === wanted.variant)
  );
}

/** Omits `unknown/unknown`, which builders write for attestations. */
function listPlatforms(index: ImageIndex): string {
  const names = index.manifests
    .flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]))
    .filter((name) => !name.startsWith("unknown/"));
  return names.length === 0 ? "none" : [...new Set(names)].join(", ");
}
