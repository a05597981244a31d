import type { JSONFields } from "../json/json-shape.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import { booleanIn, createdIn, stringIn } from "./history-fields.ts";

/** One entry of `history` in a manifest of schema 1: the fields of its `v1Compatibility`. */
export interface V1Compatibility {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The `id` of the layer below; empty for the base layer. */
  readonly parent: string;
  readonly comment: string;
  /** RFC 3339, as Go formats it. */
  readonly created: string;
  readonly author: string;
  /** The command that created the layer. */
  readonly command: readonly string[];
  /** True for a layer without content: the step changed the config only. */
  readonly isThrowaway: boolean;
}

/** @throws ImageError `invalid-manifest` */
export function parseV1Compatibility(text: string, where: string): V1Compatibility {
  const { value } = parseJSONObject(where, Buffer.from(text), v1Shape);
  const id = stringIn(value, "id", where);
  if (!/^[0-9a-f]{64}$/.test(id))
    throw invalidDocument(where, "its id is not 64 hexadecimal digits; rebuild the image");
  return {
    id,
    parent: stringIn(value, "parent", where),
    comment: stringIn(value, "comment", where),
    created: createdIn(value, where),
    author: stringIn(value, "author", where),
    command: commandOf(value, where),
    isThrowaway: booleanIn(value, "throwaway", where),
  };
}

/** The fields that programs read. */
const v1Shape: JSONFields = {
  id: "any",
  parent: "any",
  comment: "any",
  created: "any",
  container: "any",
  container_config: "any",
  docker_version: "any",
  author: "any",
  config: "any",
  architecture: "any",
  variant: "any",
  os: "any",
  throwaway: "any",
  rootfs: "any",
  history: "any",
  "os.version": "any",
  "os.features": "any",
};

function commandOf(value: JSONObject, where: string): readonly string[] {
  const config = value["container_config"] ?? {};
  if (!isJSONObject(config)) throw invalidDocument(where, "its container_config is not an object");
  const command = config["Cmd"] ?? [];
  const parts = Array.isArray(command) ? command.map((part: unknown) => part ?? "") : undefined;
  if (parts?.every((part) => typeof part === "string")) return parts;
  throw invalidDocument(where, "its container_config.Cmd is not an array of strings");
}
