import type { CompressionSettings } from "../compression/compression-settings.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import { layerCompressionOf } from "../manifest/layer-media-types.ts";
import { parseTypedManifest } from "../manifest/manifest-type.ts";
import { isArtifact } from "../manifest/manifest.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import { formatPlatform } from "../manifest/platform.ts";
import { hasZstdAnnotation, hasZstdLayers } from "../manifest/zstd-annotation.ts";
import { ImageError } from "../names/image-error.ts";
import type { RecompressionChange } from "./blob-transform.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions, PlanOptions } from "./copy-options.ts";
import { requestedFormat, settingsOf } from "./requested-compression.ts";

/** An instance that an index lacks, to be made of another instance for the same platform. */
export interface MissingVariant {
  /** The instance to recompress. */
  readonly instance: ManifestFacts;
  readonly manifest: ImageManifest;
  /** The name of the format. */
  readonly name: string;
  readonly change: RecompressionChange;
  readonly reason: string;
}

/** Rejects variants that the copy cannot add, whatever the image. @throws ImageError `impossible-copy` */
export function rejectImpossibleVariants(
  options: PlanOptions & Pick<CopyOptions, "instances">,
): void {
  const { ensureCompressionVariantsExist: variants = [], instances, encryption } = options;
  for (const variant of variants) settingsOf(variant, options);
  if (variants.length > 0 && encryption !== undefined)
    throw new ImageError(
      "impossible-copy",
      "Compression variants are not encrypted; add the variants in one copy (--add-compression) and encrypt in another one (--encryption-key)",
    );
  if (variants.length > 0 && typeof instances === "object")
    throw new ImageError(
      "impossible-copy",
      "Compression variants are added to a whole index, but only some platforms are copied; copy all instances (--all), or add no variants (--add-compression)",
    );
}

/** Rejects variants of a single image. @throws ImageError `impossible-copy` */
export function rejectVariantsOfImage(
  { manifest }: ManifestFacts,
  { ensureCompressionVariantsExist: variants = [] }: PlanOptions,
): void {
  if (variants.length === 0 || manifest.kind === "index") return;
  throw new ImageError(
    "impossible-copy",
    "Compression variants are added to an index, but a single image is copied; copy an index with all instances (--all), or add no variants (--add-compression)",
  );
}

/** The variants that an index lacks. The first instance for a platform is recompressed. */
export function missingVariants(
  facts: ManifestFacts,
  options: PlanOptions,
): readonly MissingVariant[] {
  const { ensureCompressionVariantsExist: variants = [] } = options;
  if (variants.length === 0) return [];
  const platforms = Map.groupBy(candidatesIn(facts), ({ platformKey }) => platformKey);
  return variants
    .filter(({ format }) => format !== requestedFormat(options))
    .flatMap((variant) => {
      const settings = settingsOf(variant, options);
      return [...platforms.values()]
        .filter((candidates) => !candidates.some((one) => hasFormat(one, settings)))
        .flatMap(([first]) =>
          first === undefined ? [] : [missing(first, variant.format, settings)],
        );
    });
}

/** An instance that can be recompressed. */
interface Candidate {
  readonly instance: ManifestFacts;
  readonly manifest: ImageManifest;
  readonly platformKey: string;
  readonly isMarkedZstd: boolean;
}

/** The images for a platform that have layers. Attestations are for the platform `unknown`. */
function candidatesIn({ raw, manifest: index, instances }: ManifestFacts): readonly Candidate[] {
  if (index.kind !== "index") return [];
  const entries = (parseTypedManifest(raw).value["manifests"] ?? []) as readonly JSONObject[];
  return index.manifests.flatMap((entry, at) => {
    const instance = instances[at];
    const manifest = instance?.manifest;
    if (instance?.platform === undefined || instance.platform.os === "unknown") return [];
    if (manifest?.kind !== "image" || isArtifact(manifest)) return [];
    if (!manifest.layers.some(({ mediaType }) => layerCompressionOf(mediaType))) return [];
    const fields = Object.entries(entries[at]?.["platform"] ?? {}).toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    );
    const platformKey = JSON.stringify(fields);
    return [{ instance, manifest, platformKey, isMarkedZstd: hasZstdAnnotation(entry) }];
  });
}

function hasFormat(
  { manifest, isMarkedZstd }: Candidate,
  { format, compressor }: ReturnType<typeof settingsOf>,
): boolean {
  if (compressor !== undefined)
    return manifest.layers.some(({ annotations }) => annotations?.[compressor.annotation]);
  const isZstd = isMarkedZstd || hasZstdLayers(manifest);
  return isZstd === (format === "zstd");
}

function missing(
  { instance, manifest }: Candidate,
  name: string,
  settings: CompressionSettings,
): MissingVariant {
  const platform = instance.platform && formatPlatform(instance.platform);
  return {
    instance,
    manifest,
    name,
    change: { kind: "recompress", ...settings },
    reason: `the index has no ${name} instance for ${platform}`,
  };
}
