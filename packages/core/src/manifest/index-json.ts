import { formatGoJSON, formatGoMap, formatGoStruct } from "./go-json.ts";
import { isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";
import { mediaTypes } from "./media-types.ts";

/**
 * An edited index, byte for byte as containers/image writes it: fields in the order of its Go types, empty ones left
 * out. Fields that those types do not have follow.
 */
export function formatIndex(value: JSONObject, mediaType: string): string {
  const { manifests, annotations, ...others } = value;
  const entries = (manifests ?? []) as readonly JSONObject[];
  const isOCI = mediaType === mediaTypes.ociIndex;
  const format = isOCI ? formatOCIEntry : formatDockerEntry;
  return formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(mediaType)],
    ...chosen(others, isOCI ? ["artifactType"] : []),
    ["manifests", `[${entries.map(format).join(",")}]`],
    ...chosen(others, isOCI ? ["subject"] : []),
    ["annotations", formatAnnotations(annotations)],
    ...unknown(others, [
      "schemaVersion",
      "mediaType",
      ...(isOCI ? ["artifactType", "subject"] : []),
    ]),
  ]);
}

/** A platform; undefined where there is none. */
export function formatPlatform(value: unknown, others: readonly string[] = []): string | undefined {
  if (!isJSONObject(value)) return undefined;
  return formatGoStruct([
    ["architecture", formatGoJSON(value["architecture"] ?? "")],
    ["os", formatGoJSON(value["os"] ?? "")],
    ...chosen(value, [...platformFields, ...others]),
  ]);
}

type Fields = readonly (readonly [name: string, text: string | undefined])[];

const platformFields = ["os.version", "os.features", "variant"];

/** A descriptor of OCI's formats. */
export function formatOCIEntry(entry: JSONObject): string {
  const { platform, annotations, ...others } = entry;
  const ordered = ["mediaType", "digest", "size", "urls"];
  const last = ["data", "artifactType"];
  return formatGoStruct([
    ...chosen(others, ordered),
    ["annotations", formatAnnotations(annotations)],
    ...chosen(others, ["data"]),
    ["platform", wholePlatform(platform)],
    ...chosen(others, ["artifactType"]),
    ...unknown(others, [...ordered, ...last]),
  ]);
}

/** A descriptor of Docker's formats. */
export function formatDockerEntry(entry: JSONObject): string {
  const { platform, annotations, ...others } = entry;
  const ordered = ["mediaType", "size", "digest", "urls"];
  return formatGoStruct([
    ...chosen(others, ordered),
    ["platform", wholePlatform(platform)],
    ["annotations", formatAnnotations(annotations)],
    ...unknown(others, ordered),
  ]);
}

/** With fields that only Docker's lists have, or none. */
function wholePlatform(value: unknown): string | undefined {
  if (!isJSONObject(value)) return undefined;
  const known = ["architecture", "os", ...platformFields];
  return formatPlatform(
    value,
    Object.keys(value).filter((key) => !known.includes(key)),
  );
}

/** undefined where there are none. */
export function formatAnnotations(value: unknown): string | undefined {
  return isJSONObject(value) && Object.keys(value).length > 0 ? formatGoMap(value) : undefined;
}

/** The fields of these names, in this order; empty ones are left out. */
export function chosen(value: JSONObject, names: readonly string[]): Fields {
  return names.map((name) => [name, isEmpty(value[name]) ? undefined : formatGoJSON(value[name])]);
}

/** All other fields, in the order that they have. */
export function unknown(value: JSONObject, known: readonly string[]): Fields {
  return Object.entries(value).flatMap(([name, field]) =>
    known.includes(name) || field === undefined ? [] : [[name, formatGoJSON(field)] as const],
  );
}

/** What Go leaves out (`omitempty`). */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === "";
}
