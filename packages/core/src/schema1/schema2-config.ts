import { rawMembers } from "../json/raw-members.ts";
import { compactGoJSON, formatGoJSON, formatGoMap, formatGoStruct } from "../manifest/go-json.ts";
import { parseJSONObject } from "../manifest/json-object.ts";
import type { Schema1Content } from "./schema1-manifest.ts";
import { formatV1Image, isOlderDocker } from "./v1-image.ts";

/**
 * The config of an image of schema 1 in the format of schema 2, byte for byte as containers/image writes it.
 * `diffIDs` are the digests of the uncompressed layers, without those of throwaway layers, the base layer first.
 * @throws ImageError `invalid-manifest`
 */
export function schema2ConfigOf(
  { layers }: Schema1Content,
  diffIDs: readonly string[],
): Uint8Array {
  const top = layers.at(-1)?.v1Compatibility ?? "{}";
  const { value } = parseJSONObject("v1Compatibility of history[0]", Buffer.from(top));
  const text = isOlderDocker(value["docker_version"]) ? formatV1Image(value) : top;
  const members = new Map(rawMembers(text));
  for (const name of droppedFields) members.delete(name);
  const rootfs = formatGoStruct([
    ["type", formatGoJSON("layers")],
    ["diff_ids", diffIDs.length === 0 ? undefined : formatGoJSON(diffIDs)],
  ]);
  const config = {
    ...Object.fromEntries([...members].map(([name, raw]) => [name, compactGoJSON(raw)])),
    rootfs,
    history: `[${layers.map(({ history }) => formatHistory(history)).join(",")}]`,
  };
  return Buffer.from(formatGoMap(config, String));
}

/** Fields of schema 1 that describe the position of the layer. */
const droppedFields = ["id", "parent", "parent_id", "layer_id", "throwaway", "Size"];

function formatHistory(history: Schema1Content["layers"][number]["history"]): string {
  const { created, author, command, comment, isThrowaway } = history;
  const createdBy = command.join(" ");
  return formatGoStruct([
    ["created", formatGoJSON(created)],
    ["author", author === "" ? undefined : formatGoJSON(author)],
    ["created_by", createdBy === "" ? undefined : formatGoJSON(createdBy)],
    ["comment", comment === "" ? undefined : formatGoJSON(comment)],
    ["empty_layer", isThrowaway ? "true" : undefined],
  ]);
}
