import type { Descriptor } from "../contract/blob-info.ts";
import { isDigest } from "../names/digest.ts";
import { broken, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";

/** `where` is the field it stands in, for messages. @throws ImageError `invalid-manifest` */
export function parseDescriptor(where: string, value: unknown): Descriptor {
  const descriptor = parseUntyped(where, value);
  if (descriptor.mediaType === "") throw broken("manifest", `${where} has no mediaType`);
  return descriptor;
}

/** As `parseDescriptor`, and `mediaType` may be missing: then it is empty. */
export function parseUntyped(where: string, value: unknown): Descriptor {
  if (!isJSONObject(value)) throw broken("manifest", `${where} is not a descriptor`);
  const { digest, size, urls } = value;
  if (!isDigest(digest)) {
    throw broken("manifest", `${where} ${problemOf("digest", digest)}`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw broken("manifest", `${where} ${problemOf("size", size)}`);
  }
  const mediaType = textIn(where, value, "mediaType") ?? "";
  const artifactType = textIn(where, value, "artifactType") ?? "";
  if (!areTexts(urls ?? []))
    throw broken("manifest", `${where} has urls that are no list of texts`);
  const annotations = parseTextRecord(`the annotations of ${where}`, value["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(areTexts(urls) && urls.length > 0 && { urls }),
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== "" && { artifactType }),
  };
}

/** None for what is missing and for null, as Go writes an empty list. @throws ImageError `invalid-manifest` */
export function parseDescriptors(where: string, value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value ?? [])) throw broken("manifest", `${where} is not an array`);
  return ((value ?? []) as readonly unknown[]).map((entry, at) =>
    parseDescriptor(`${where}[${at}]`, entry),
  );
}

/** undefined for what is missing and for null. @throws ImageError `invalid-manifest` for what is no text */
export function textIn(where: string, value: JSONObject, key: string): string | undefined {
  const text = value[key] ?? undefined;
  if (text === undefined || typeof text === "string") return text;
  throw broken("manifest", `${where} has a ${key} that is not text`);
}

/**
 * Of null as a text, which Go reads as an empty one. undefined for what is missing and for null.
 * @throws ImageError `invalid-manifest` for anything but an object of strings
 */
export function parseTextRecord(
  where: string,
  value: unknown,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = isJSONObject(value)
    ? Object.entries(value).map(([key, text]) => [key, text ?? ""] as const)
    : undefined;
  if (!entries?.every(isTextEntry))
    throw broken("manifest", `${where} has to be an object of strings`);
  return Object.fromEntries(entries);
}

function isTextEntry(entry: readonly [string, unknown]): entry is readonly [string, string] {
  return typeof entry[1] === "string";
}

const maxShown = 200;

function problemOf(field: string, value: unknown): string {
  if (value === undefined || value === null) return `has no ${field}`;
  const text = JSON.stringify(value);
  const start = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return `has a ${field} that is none: ${start}`;
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((url) => typeof url === "string");
}
