import type { Descriptor } from "../contract/blob-info.ts";
import { formatGoJSON, formatGoStruct } from "./go-json.ts";
import { formatPlatform } from "./index-json.ts";
import type { JSONObject } from "./json-object.ts";
import { layerTypeFor } from "./layer-media-types.ts";
import { familyOf, mediaTypes } from "./media-types.ts";
import { hostPlatform } from "./platform.ts";

/** Converts the manifest of an image to the format of the other family, byte for byte like containers/image. */
export function convertedImage(
  value: JSONObject,
  target: string,
  config: Pick<Descriptor, "digest" | "size"> | undefined,
): string {
  const family = familyOf(target);
  const layers = (value["layers"] ?? []) as readonly JSONObject[];
  const configType = family === "oci" ? mediaTypes.ociConfig : mediaTypes.dockerConfig;
  const entries = layers.map((layer) =>
    formatEntry(layer, family, layerTypeFor(family, String(layer["mediaType"]))),
  );
  return formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(target)],
    ["config", formatEntry({ ...(value["config"] as JSONObject), ...config }, family, configType)],
    ["layers", `[${entries.join(",")}]`],
  ]);
}

/**
 * Converts an index to the format of the other family, byte for byte like containers/image. Docker's lists have a platform
 * for each entry: a missing one becomes the platform of this machine in a list, and an empty one in an index.
 */
export function convertedIndex(value: JSONObject, target: string): string {
  const family = familyOf(target);
  const instances = (value["manifests"] ?? []) as readonly JSONObject[];
  const { os, architecture } = hostPlatform();
  const missing = family === "docker" ? { os, architecture } : {};
  const entries = instances.map((entry) =>
    formatEntry(
      entry,
      family,
      String(entry["mediaType"]),
      formatPlatform(entry["platform"] ?? missing),
    ),
  );
  return formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(target)],
    ["manifests", `[${entries.join(",")}]`],
  ]);
}

/** A descriptor without annotations, which Docker's formats do not have. */
function formatEntry(
  { digest, size, urls }: JSONObject,
  family: "oci" | "docker",
  mediaType: string | undefined,
  platform?: string,
): string {
  const [digestField, sizeField] = [
    ["digest", formatGoJSON(digest)],
    ["size", formatGoJSON(size)],
  ] as const;
  const ordered = family === "docker" ? [sizeField, digestField] : [digestField, sizeField];
  const hasURLs = Array.isArray(urls) && urls.length > 0;
  return formatGoStruct([
    ["mediaType", formatGoJSON(mediaType)],
    ...ordered,
    ["urls", hasURLs ? formatGoJSON(urls) : undefined],
    ["platform", platform],
  ]);
}
