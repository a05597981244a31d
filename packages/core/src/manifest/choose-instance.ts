import { ImageError } from "../names/image-error.ts";
import { describedImage } from "./attestation.ts";
import { instancesOf } from "./manifest.ts";
import type { ImageIndex, InstanceDescriptor } from "./manifest.ts";
import { includesPlatform, rankPlatform } from "./match-platform.ts";
import { formatPlatform } from "./platform.ts";
import type { Platform } from "./platform.ts";
import { hasZstdAnnotation } from "./zstd-annotation.ts";

/**
 * Selects the instance for a platform: the closest platform, then an instance with zstd layers, then the first. An entry
 * without a platform is selected only if no other one fits.
 * @throws ImageError `not-found` that lists the available platforms
 */
export function chooseInstance(index: ImageIndex, platform: Platform): InstanceDescriptor {
  const ranked = instancesOf(index)
    .map((instance) => ({ instance, rank: rankOf(instance, platform) }))
    .filter(({ rank }) => rank < Infinity)
    .toSorted((a, b) => a.rank - b.rank);
  const best = ranked[0]?.instance;
  if (best === undefined) throw noImageFor(platform, index);
  return best;
}

/**
 * Selects the instances of exactly these platforms, and their attestations. A platform without a variant or a version
 * selects all of them. If an instance is listed several times, all its entries are returned.
 * @throws ImageError `not-found` if a platform is missing
 */
export function chooseInstances(
  index: ImageIndex,
  platforms: readonly Platform[],
): readonly InstanceDescriptor[] {
  const missing = platforms.find((platform) => !index.manifests.some(isFor(platform)));
  if (missing !== undefined) throw noImageFor(missing, index);
  const selected = index.manifests.filter((entry) => platforms.some((one) => isFor(one)(entry)));
  const digests = new Set<string>(selected.map(({ digest }) => digest));
  return index.manifests.filter((entry) => {
    const image = describedImage(entry);
    return digests.has(entry.digest) || (image !== undefined && digests.has(image));
  });
}

function rankOf(instance: InstanceDescriptor, wanted: Platform): number {
  const { platform } = instance;
  const zstd = hasZstdAnnotation(instance) ? 0 : 0.5;
  return (platform === undefined ? 1_000_000 : rankPlatform(platform, wanted)) + zstd;
}

function isFor(wanted: Platform): (entry: InstanceDescriptor) => boolean {
  return ({ platform }) => platform !== undefined && includesPlatform(wanted, platform);
}

function noImageFor(platform: Platform, index: ImageIndex): ImageError {
  const text = `No image for ${formatPlatform(platform)}; available: ${listPlatforms(index)}`;
  return new ImageError("not-found", text);
}

/** Omits `unknown/unknown`, which builders write for attestations. */
function listPlatforms(index: ImageIndex): string {
  const names = index.manifests
    .flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]))
    .filter((name) => !name.startsWith("unknown/"));
  return names.length === 0 ? "none" : [...new Set(names)].join(", ");
}
