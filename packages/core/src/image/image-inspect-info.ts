import type { Descriptor } from "../contract/blob-info.ts";
import { configShape } from "../manifest/config-shape.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { isImageError } from "../names/image-error.ts";

/** What a person wants to know of an image (OCI image-spec, config.md). Fields that the config does not have are undefined. */
export interface ImageInspectInfo {
  /** As written in the config, RFC 3339. */
  readonly created: string | undefined;
  readonly dockerVersion: string | undefined;
  readonly author: string | undefined;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** `NAME=value` each. */
  readonly env: readonly string[] | undefined;
  /** The root first. */
  readonly layers: readonly Digest[];
  readonly layersData: readonly Descriptor[];
}

/** @throws ImageError `invalid-manifest` for a config that is broken, or has something else than text where text belongs */
export function inspectInfoOf(config: Uint8Array, manifest: ImageManifest): ImageInspectInfo {
  const { value } = parseJSONObject("image config", config, configShape);
  const inner = value["config"] ?? {};
  if (!isJSONObject(inner)) throw invalidDocument("image config", "config is not an object");
  return {
    created: textOf(value, "created"),
    dockerVersion: textOf(value, "docker_version"),
    author: textOf(value, "author"),
    os: textOf(value, "os") ?? "",
    architecture: textOf(value, "architecture") ?? "",
    variant: textOf(value, "variant"),
    labels: labelsOf(inner["Labels"]),
    env: environmentOf(inner["Env"]),
    layers: manifest.layers.map(({ digest }) => digest),
    layersData: manifest.layers,
  };
}

/** Told by its content, where the manifest does not tell: an image has a `rootfs`. */
export function isImageConfig(config: Uint8Array): boolean {
  try {
    return isJSONObject(parseJSONObject("image config", config, configShape).value["rootfs"]);
  } catch (error) {
    if (isImageError(error, "invalid-manifest")) return false;
    throw error;
  }
}

function textOf(value: JSONObject, key: string): string | undefined {
  const text = value[key] ?? "";
  if (typeof text !== "string") throw invalidDocument("image config", `${key} is not text`);
  return text === "" ? undefined : text;
}

function labelsOf(labels: unknown): ImageInspectInfo["labels"] {
  if (labels === undefined || labels === null) return undefined;
  // Go reads null as an empty text.
  const entries = isJSONObject(labels)
    ? Object.entries(labels).map(([key, text]) => [key, text ?? ""] as const)
    : undefined;
  if (entries?.every(isLabel)) return Object.fromEntries(entries);
  throw invalidDocument("image config", "config.Labels is not an object of texts");
}

function environmentOf(environment: unknown): ImageInspectInfo["env"] {
  if (environment === undefined || environment === null) return undefined;
  if (Array.isArray(environment) && environment.every(isText)) return environment;
  throw invalidDocument("image config", "config.Env is not an array of texts");
}

function isLabel(entry: readonly [string, unknown]): entry is readonly [string, string] {
  return isText(entry[1]);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
