import { formatGoJSON, formatGoMap, formatGoStruct } from "./go-json.ts";
import { isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { mediaTypes } from "./media-types.ts";

/**
 * Formats an edited index like containers/image: fields in the order of its Go types, without empty ones. Fields that
 * those types do not have follow.
 */
export function formatIndex(value: JSONObject, mediaType: string): string {
  const { manifests, annotations, ...others } = value;
  const entries = (manifests ?? []) as readonly JSONObject[];
  const isOCI = mediaType === mediaTypes.ociIndex;
  const format = isOCI ? formatOCIEntry : formatListEntry;
  return formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(mediaType)],
    ...pickFields(others, isOCI ? ["artifactType"] : []),
    ["manifests", `[${entries.map(format).join(",")}]`],
    ...pickFields(others, isOCI ? ["subject"] : []),
    ["annotations", formatAnnotations(annotations)],
    ...otherFields(others, [
      "schemaVersion",
      "mediaType",
      ...(isOCI ? ["artifactType", "subject"] : []),
    ]),
  ]);
}

/** Formats a platform; undefined if there is none. `others` names additional fields. */
export function formatPlatform(value: unknown, others: readonly string[] = []): string | undefined {
  if (!isJSONObject(value)) return undefined;
  return formatGoStruct([
    ["architecture", formatGoJSON(value["architecture"] ?? "")],
    ["os", formatGoJSON(value["os"] ?? "")],
    ...pickFields(value, [...platformFields, ...others]),
  ]);
}

type Fields = readonly (readonly [name: string, text: string | undefined])[];

const platformFields = ["os.version", "os.features", "variant"];

/** Formats a descriptor of an OCI manifest or index. */
export function formatOCIEntry(entry: JSONObject): string {
  const { platform, annotations, ...others } = entry;
  const ordered = ["mediaType", "digest", "size", "urls"];
  const last = ["data", "artifactType"];
  return formatGoStruct([
    ...pickFields(others, ordered),
    ["annotations", formatAnnotations(annotations)],
    ...pickFields(others, ["data"]),
    ["platform", formatWholePlatform(platform)],
    ...pickFields(others, ["artifactType"]),
    ...otherFields(others, [...ordered, ...last]),
  ]);
}

/** Formats a descriptor of a Docker manifest or manifest list. */
export function formatDockerEntry(entry: JSONObject): string {
  const { platform, annotations, ...others } = entry;
  const ordered = ["mediaType", "size", "digest", "urls"];
  return formatGoStruct([
    ...pickFields(others, ordered),
    ["platform", formatWholePlatform(platform)],
    ["annotations", formatAnnotations(annotations)],
    ...otherFields(others, ordered),
  ]);
}

/** Formats an entry of a Docker manifest list. A missing platform is an empty one, because Go's type always has one. */
function formatListEntry(entry: JSONObject): string {
  return formatDockerEntry({ ...entry, platform: entry["platform"] ?? {} });
}

/** Formats a platform with all its fields, including those of Docker's manifest lists. */
function formatWholePlatform(value: unknown): string | undefined {
  if (!isJSONObject(value)) return undefined;
  const known = ["architecture", "os", ...platformFields];
  return formatPlatform(
    value,
    Object.keys(value).filter((key) => !known.includes(key)),
  );
}

/** Formats annotations; undefined if there are none. */
export function formatAnnotations(value: unknown): string | undefined {
  return isJSONObject(value) && Object.keys(value).length > 0 ? formatGoMap(value) : undefined;
}

/** The fields with these names, in this order. Empty ones are omitted. */
export function pickFields(value: JSONObject, names: readonly string[]): Fields {
  return names.map((name) => [name, isEmpty(value[name]) ? undefined : formatGoJSON(value[name])]);
}

/** All other fields, in their existing order. */
export function otherFields(value: JSONObject, known: readonly string[]): Fields {
  return Object.entries(value).flatMap(([name, field]) =>
    known.includes(name) || field === undefined ? [] : [[name, formatGoJSON(field)] as const],
  );
}

/** Whether Go omits the field (`omitempty`). */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === "";
}
