import type { Manifest } from "./manifest.ts";
import { familyOf } from "./media-types.ts";
import { formatPlatform, hostPlatform } from "./platform.ts";

/** The parts of a manifest that another media type has no field for, for messages. Empty if the type stays. */
export function conversionLosses(manifest: Manifest, target: string): readonly string[] {
  const isConverted = target !== manifest.mediaType && familyOf(target) !== "oci";
  if (!isConverted || manifest.kind === "artifact" || manifest.kind === "schema1") return [];
  const parts = manifest.kind === "image" ? manifest.layers : manifest.manifests;
  const partNoun = manifest.kind === "image" ? "layers" : "instances";
  const hasEntries = (record: object | undefined): boolean => Object.keys(record ?? {}).length > 0;
  const config = manifest.kind === "image" ? manifest.config : undefined;
  return [
    ...(hasEntries(manifest.annotations) ? ["its annotations"] : []),
    ...(hasEntries(config?.annotations) ? ["the annotations of its config"] : []),
    ...(parts.some(({ annotations }) => hasEntries(annotations))
      ? [`the annotations of its ${partNoun}`]
      : []),
    ...(manifest.artifactType === undefined ? [] : ["its artifactType"]),
    ...(manifest.subject === undefined ? [] : ["its subject"]),
    ...(hasBareInstances(manifest)
      ? [`the lack of a platform of its instances, which are listed for ${filledPlatform()}`]
      : []),
  ];
}

function hasBareInstances(manifest: Manifest): boolean {
  return (
    manifest.kind === "index" && manifest.manifests.some(({ platform }) => platform === undefined)
  );
}

/** The platform that a converted index gives to entries without one. */
function filledPlatform(): string {
  const { os, architecture } = hostPlatform();
  return formatPlatform({ os, architecture });
}
