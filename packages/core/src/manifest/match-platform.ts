import type { Platform } from "./platform.ts";

/** The variants of an architecture. */
interface Variants {
  /** The most capable first. A processor also runs all that follow its own. */
  readonly known: readonly string[];
  /** The variants that fit a platform without one, after entries without one. */
  readonly ifUnspecified: readonly string[];
  /** The variant that a missing one means, if there is exactly one. */
  readonly baseline?: string;
}

const arm = ["v8", "v7", "v6", "v5"];
const variants: ReadonlyMap<string, Variants> = new Map([
  ["arm", { known: arm, ifUnspecified: arm }],
  ["arm64", { known: ["v9", "v8"], ifUnspecified: ["v8"], baseline: "v8" }],
  ["amd64", { known: ["v4", "v3", "v2", "v1"], ifUnspecified: ["v1"], baseline: "v1" }],
]);

/**
 * How well an image for `platform` fits a machine with the platform `wanted`: 0 is best, and Infinity means that it does
 * not run there. The variant counts first, then the version of the system, then its features (OCI image-spec,
 * image-index.md, "platform").
 */
export function rankPlatform(platform: Platform, wanted: Platform): number {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return Infinity;
  const variant = variantsByPreference(wanted).indexOf(platform.variant ?? "");
  if (variant < 0) return Infinity;
  return variant * 10_000 + rankVersion(platform, wanted) * 1000 + rankFeatures(platform, wanted);
}

/** Whether an image for `platform` is one of those that `wanted` selects. What `wanted` does not name is not compared. */
export function includesPlatform(wanted: Platform, platform: Platform): boolean {
  return (
    platform.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || explicitVariant(platform) === explicitVariant(wanted)) &&
    (wanted.osVersion === undefined || isVersionIn(platform.osVersion, wanted.osVersion)) &&
    (wanted.osFeatures ?? []).every((feature) => platform.osFeatures?.includes(feature))
  );
}

/** Whether an image for `platform` runs on `wanted`. */
export function fitsPlatform(platform: Platform, wanted: Platform): boolean {
  return rankPlatform(platform, wanted) < Infinity;
}

/** The variants that run on a platform, the preferred first; an empty one is an entry without a variant. */
function variantsByPreference({ architecture, variant }: Platform): readonly string[] {
  const { known = [], ifUnspecified = [] }: Partial<Variants> = variants.get(architecture) ?? {};
  if (variant === undefined) return ["", ...ifUnspecified];
  const at = known.indexOf(variant);
  return at < 0 ? [variant, ""] : [...known.slice(at), ""];
}

function explicitVariant({ architecture, variant }: Platform): string | undefined {
  return variant ?? variants.get(architecture)?.baseline;
}

/** The same version first, then another revision of the same build, then an image without a version. */
function rankVersion({ osVersion }: Platform, { osVersion: wanted }: Platform): number {
  if (wanted === undefined || osVersion === wanted) return 0;
  if (osVersion === undefined) return 2;
  return buildOf(osVersion) === buildOf(wanted) || isVersionIn(osVersion, wanted) ? 1 : Infinity;
}

/** The build of a version of Windows, without the revision: `10.0.20348`. Containers run on every revision of a build. */
function buildOf(version: string): string {
  return version.split(".").slice(0, 3).join(".");
}

/** Whether a version is the wanted one, or a part of it: `10.0.20348.2340` is in `10.0.20348`. */
function isVersionIn(version: string | undefined, wanted: string): boolean {
  return version === wanted || version?.startsWith(`${wanted}.`) === true;
}

/** Missing features exclude an image if the machine's are known. Otherwise images that require few are preferred. */
function rankFeatures(
  { osFeatures: required = [] }: Platform,
  { osFeatures: known }: Platform,
): number {
  if (known === undefined) return Math.min(required.length, 999);
  if (required.some((feature) => !known.includes(feature))) return Infinity;
  return Math.min(known.length - required.length, 999);
}
