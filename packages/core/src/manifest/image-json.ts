import { formatGoJSON, formatGoStruct } from "./go-json.ts";
import {
  pickFields,
  formatAnnotations,
  formatDockerEntry,
  formatOCIEntry,
  otherFields,
} from "./index-json.ts";
import type { JSONObject } from "./json-object.ts";
import { familyOf } from "./media-types.ts";

/**
 * Formats an edited image manifest like containers/image: fields in the order of its Go types, without empty ones. Fields
 * that those types do not have follow.
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
    ...pickFields(others, first),
    ["config", format(config as JSONObject)],
    ["layers", `[${entries.map(format).join(",")}]`],
    ...pickFields(others, last),
    ["annotations", formatAnnotations(annotations)],
    ...otherFields(others, ["schemaVersion", ...first, ...last]),
  ]);
}
