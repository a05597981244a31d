import type { Descriptor } from "./blob-info.ts";
import type { Digest } from "./digest.ts";
import { isJSONObject, parseJSONObject } from "./manifest/json-object.ts";
import type { JSONObject } from "./manifest/json-object.ts";
import type { ImageManifest } from "./manifest/manifest.ts";

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

/** @throws ImageError `invalid-manifest` for a config that is not a JSON object */
export function inspectInfoOf(config: Uint8Array, manifest: ImageManifest): ImageInspectInfo {
  const { value } = parseJSONObject("image config", config);
  const inner = isJSONObject(value["config"]) ? value["config"] : {};
  const { Labels: labels, Env: env } = inner;
  return {
    created: textOf(value, "created"),
    dockerVersion: textOf(value, "docker_version"),
    author: textOf(value, "author"),
    os: textOf(value, "os") ?? "",
    architecture: textOf(value, "architecture") ?? "",
    variant: textOf(value, "variant"),
    labels: isJSONObject(labels) ? (labels as Readonly<Record<string, string>>) : undefined,
    env: Array.isArray(env) ? env.map(String) : undefined,
    layers: manifest.layers.map(({ digest }) => digest),
    layersData: manifest.layers,
  };
}

function textOf(value: JSONObject, key: string): string | undefined {
  const text = value[key];
  return typeof text === "string" && text !== "" ? text : undefined;
}
