import type { Manifest } from "./manifest.ts";
import { familyOf } from "./media-types.ts";

/** What a manifest has and the other type has no field for, in words for people. Empty where the type stays. */
export function conversionLosses(manifest: Manifest, target: string): readonly string[] {
  const isConverted = target !== manifest.mediaType && familyOf(target) !== "oci";
  if (!isConverted || manifest.kind === "artifact") return [];
  const parts = manifest.kind === "image" ? manifest.layers : manifest.manifests;
  const whose = manifest.kind === "image" ? "layers" : "instances";
  const hasSome = (record: object | undefined): boolean => Object.keys(record ?? {}).length > 0;
  const config = manifest.kind === "image" ? manifest.config : undefined;
  return [
    ...(hasSome(manifest.annotations) ? ["its annotations"] : []),
    ...(hasSome(config?.annotations) ? ["the annotations of its config"] : []),
    ...(parts.some(({ annotations }) => hasSome(annotations))
      ? [`the annotations of its ${whose}`]
      : []),
    ...(manifest.artifactType === undefined ? [] : ["its artifactType"]),
    ...(manifest.subject === undefined ? [] : ["its subject"]),
  ];
}
