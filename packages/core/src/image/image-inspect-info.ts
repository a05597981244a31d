import { configShape } from "../manifest/config-shape.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import type { ImageManifest, NamedBlob, Schema1Manifest } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { isImageError } from "../names/image-error.ts";

/** A summary of an image (OCI image-spec, config.md). Fields that the config does not have are undefined. */
export interface ImageInspectInfo {
  /** The tag in a schema 1 manifest; undefined for all other types, which have no tag. */
  readonly tag: string | undefined;
  /** RFC 3339, as in the config. */
  readonly created: string | undefined;
  readonly dockerVersion: string | undefined;
  readonly author: string | undefined;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Entries are `NAME=value`. */
  readonly env: readonly string[] | undefined;
  /** The base layer first. */
  readonly layers: readonly Digest[];
  readonly layersData: readonly NamedBlob[];
}

/** Summarises a config. @throws ImageError `invalid-manifest` if the config is malformed or a field has the wrong type */
export function inspectInfoOf(config: Uint8Array, manifest: ImageManifest): ImageInspectInfo {
  return infoOf(config, manifest.layers, undefined);
}

/** Summarises a schema 1 image from the history of its last layer, which contains the config. @throws ImageError `invalid-manifest` */
export function inspectInfoOfSchema1(manifest: Schema1Manifest): ImageInspectInfo {
  const config = Buffer.from(manifest.layers.at(-1)?.v1Compatibility ?? "{}");
  // Layers of schema 1 have no types.
  const layers = manifest.layers.map(({ digest }) => ({ digest }));
  return infoOf(config, layers, manifest.tag || undefined);
}

function infoOf(
  config: Uint8Array,
  layers: readonly NamedBlob[],
  tag: string | undefined,
): ImageInspectInfo {
  const { value } = parseJSONObject("image config", config, configShape);
  const inner = value["config"] ?? {};
  if (!isJSONObject(inner)) throw invalidDocument("image config", "config is not an object");
  return {
    tag,
    created: stringField(value, "created"),
    dockerVersion: stringField(value, "docker_version"),
    author: stringField(value, "author"),
    os: stringField(value, "os") ?? "",
    architecture: stringField(value, "architecture") ?? "",
    variant: stringField(value, "variant"),
    labels: parseLabels(inner["Labels"]),
    env: parseEnvironment(inner["Env"]),
    layers: layers.map(({ digest }) => digest),
    layersData: layers,
  };
}

/** Whether the content is an image config, which has a `rootfs`. For configs with a generic media type. */
export function isImageConfig(config: Uint8Array): boolean {
  try {
    return isJSONObject(parseJSONObject("image config", config, configShape).value["rootfs"]);
  } catch (error) {
    if (isImageError(error, "invalid-manifest")) return false;
    throw error;
  }
}

function stringField(value: JSONObject, key: string): string | undefined {
  const text = value[key] ?? "";
  if (typeof text !== "string") throw invalidDocument("image config", `${key} is not a string`);
  return text === "" ? undefined : text;
}

function parseLabels(labels: unknown): ImageInspectInfo["labels"] {
  if (labels === undefined || labels === null) return undefined;
  // Go reads null as an empty string.
  const entries = isJSONObject(labels)
    ? Object.entries(labels).map(([key, text]) => [key, text ?? ""] as const)
    : undefined;
  if (entries?.every(isLabel)) return Object.fromEntries(entries);
  throw invalidDocument("image config", "config.Labels is not an object of strings");
}

function parseEnvironment(environment: unknown): ImageInspectInfo["env"] {
  if (environment === undefined || environment === null) return undefined;
  if (Array.isArray(environment) && environment.every(isString)) return environment;
  throw invalidDocument("image config", "config.Env is not an array of strings");
}

function isLabel(entry: readonly [string, unknown]): entry is readonly [string, string] {
  return isString(entry[1]);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
