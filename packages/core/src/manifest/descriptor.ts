import type { Descriptor } from "../blob-info.ts";
import { isDigest } from "../digest.ts";
import { broken, isJSONObject } from "./json-object.ts";

/** `where` is the field it stands in, for messages. @throws ImageError `invalid-manifest` */
export function parseDescriptor(where: string, value: unknown): Descriptor {
  if (!isJSONObject(value)) throw broken("manifest", `${where} is not a descriptor`);
  const { mediaType, digest, size, urls, artifactType } = value;
  if (!isDigest(digest)) {
    throw broken("manifest", `${where} has a digest that is none: ${JSON.stringify(digest)}`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw broken("manifest", `${where} has a size that is none: ${JSON.stringify(size)}`);
  }
  if (typeof mediaType !== "string" || mediaType === "") {
    throw broken("manifest", `${where} has no mediaType`);
  }
  const annotations = parseTextRecord(`the annotations of ${where}`, value["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(isNonEmptyTextArray(urls) && { urls }),
    ...(annotations !== undefined && { annotations }),
    ...(typeof artifactType === "string" && artifactType !== "" && { artifactType }),
  };
}

/** @throws ImageError `invalid-manifest` */
export function parseDescriptors(where: string, value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value)) throw broken("manifest", `${where} is not an array`);
  return value.map((entry, at) => parseDescriptor(`${where}[${at}]`, entry));
}

/** @throws ImageError `invalid-manifest` for anything but an object of strings, null or undefined */
export function parseTextRecord(
  where: string,
  value: unknown,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const isRecord =
    isJSONObject(value) && Object.values(value).every((text) => typeof text === "string");
  if (!isRecord) throw broken("manifest", `${where} has to be an object of strings`);
  return value as Readonly<Record<string, string>>;
}

function isNonEmptyTextArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((url) => typeof url === "string");
}
