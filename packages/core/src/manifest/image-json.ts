import { formatGoJSON, formatGoStruct } from "./go-json.ts";
import {
  chosen,
  formatAnnotations,
  formatDockerEntry,
  formatOCIEntry,
  unknown,
} from "./index-json.ts";
import type { JSONObject } from "./json-object.ts";
import { familyOf } from "./media-types.ts";

/**
 * An edited manifest of an image, byte for byte as containers/image writes it: fields in the order of its Go types,
 * empty ones left out. Fields that those types do not have follow.
 */
export function formatImage(value: JSONObject, mediaType: string): string {
  const { config, layers, annotations, ...others } = value;
  const isOCI = familyOf(mediaType) === "oci";
  const format = isOCI ? formatOCIEntry : formatDockerEntry;
  const entries = (layers ?? []) as readonly JSONObject[];
  const first = ["mediaType", ...(isOCI ? ["artifactType"] : [])];
  const last = isOCI ? ["subject"] : [];
  return formatGoStruct([
    ["schemaVersion", formatGoJSON(others["schemaVersion"] ?? 2)],
    ...chosen(others, first),
    ["config", format(config as JSONObject)],
    ["layers", `[${entries.map(format).join(",")}]`],
    ...chosen(others, last),
    ["annotations", formatAnnotations(annotations)],
    ...unknown(others, ["schemaVersion", ...first, ...last]),
  ]);
}
