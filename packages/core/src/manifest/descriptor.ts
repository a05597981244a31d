import type { Descriptor } from "../contract/blob-info.ts";
import { isDigest } from "../names/digest.ts";
import { invalidDocument, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";

/** Parses a descriptor. `where` names its field in messages. @throws ImageError `invalid-manifest` */
export function parseDescriptor(where: string, value: unknown): Descriptor {
  const descriptor = parseDescriptorWithoutType(where, value);
  if (descriptor.mediaType === "")
    throw invalidDocument("manifest", `${where} has no mediaType; rebuild the image`);
  return descriptor;
}

/** Like `parseDescriptor`, but a missing `mediaType` becomes an empty string. */
export function parseDescriptorWithoutType(where: string, value: unknown): Descriptor {
  if (!isJSONObject(value)) throw invalidDocument("manifest", `${where} is not a descriptor`);
  const { digest, size, urls } = value;
  if (!isDigest(digest)) {
    throw invalidDocument("manifest", `${where} ${describeInvalid("digest", digest)}`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalidDocument("manifest", `${where} ${describeInvalid("size", size)}`);
  }
  const mediaType = stringField(where, value, "mediaType") ?? "";
  const artifactType = stringField(where, value, "artifactType") ?? "";
  if (!areStrings(urls ?? []))
    throw invalidDocument("manifest", `${where} has urls that are not an array of strings`);
  const annotations = parseStringRecord(`the annotations of ${where}`, value["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(areStrings(urls) && urls.length > 0 && { urls }),
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== "" && { artifactType }),
  };
}

/** Parses an array of descriptors. null is an empty array, because Go writes it so. @throws ImageError `invalid-manifest` */
export function parseDescriptors(where: string, value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value ?? [])) throw invalidDocument("manifest", `${where} is not an array`);
  return ((value ?? []) as readonly unknown[]).map((entry, at) =>
    parseDescriptor(`${where}[${at}]`, entry),
  );
}

/** The string in a field; undefined if it is missing or null. @throws ImageError `invalid-manifest` for other types */
export function stringField(where: string, value: JSONObject, key: string): string | undefined {
  const text = value[key] ?? undefined;
  if (text === undefined || typeof text === "string") return text;
  throw invalidDocument("manifest", `${where} has a ${key} that is not a string`);
}

/**
 * Parses an object of strings. A null in it becomes an empty string, as in Go. Returns undefined if the object is
 * missing or null.
 * @throws ImageError `invalid-manifest` for other types
 */
export function parseStringRecord(
  where: string,
  value: unknown,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = isJSONObject(value)
    ? Object.entries(value).map(([key, text]) => [key, text ?? ""] as const)
    : undefined;
  if (!entries?.every(isStringEntry))
    throw invalidDocument("manifest", `${where} must be an object of strings`);
  return Object.fromEntries(entries);
}

function isStringEntry(entry: readonly [string, unknown]): entry is readonly [string, string] {
  return typeof entry[1] === "string";
}

const maxQuoted = 200;

function describeInvalid(field: string, value: unknown): string {
  if (value === undefined || value === null) return `has no ${field}; rebuild the image`;
  const text = JSON.stringify(value);
  const start = text.length > maxQuoted ? `${text.slice(0, maxQuoted)}…` : text;
  return `has an invalid ${field}: ${start}; rebuild the image`;
}

function areStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((url) => typeof url === "string");
}
