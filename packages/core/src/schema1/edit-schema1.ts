import { formatGoJSON, formatGoStruct } from "../manifest/go-json.ts";
import type { Digest } from "../names/digest.ts";
import type { Schema1Content } from "./schema1-manifest.ts";

/** The repository without its registry, and the tag, which may be empty: a manifest of schema 1 names both. */
export interface EmbeddedName {
  readonly name: string;
  readonly tag: string;
}

/** What becomes different in a manifest of schema 1. */
export interface Schema1Edits {
  /** The layers, as many as the manifest has, the root first. */
  readonly layers?: readonly Digest[] | undefined;
  readonly embedded?: EmbeddedName | undefined;
}

/** True if the manifest names another repository or tag than the one under which it will be written. */
export function hasOtherName(content: Schema1Content, embedded: Schema1Edits["embedded"]): boolean {
  if (embedded === undefined) return false;
  return embedded.name !== content.name || embedded.tag !== content.tag;
}

/**
 * The payload of the edited manifest, byte for byte as containers/image writes it. The ids in the history stay: readers
 * compare them with each other only.
 */
export function editSchema1(content: Schema1Content, edits: Schema1Edits): string {
  const { name, tag } = edits.embedded ?? content;
  const layers = edits.layers ?? content.layers.map(({ digest }) => digest);
  const entries = content.layers.map(({ v1Compatibility }, at) => ({
    layer: formatGoStruct([["blobSum", formatGoJSON(layers[at])]]),
    history: formatGoStruct([["v1Compatibility", formatGoJSON(v1Compatibility)]]),
  }));
  const topFirst = entries.toReversed();
  return formatGoStruct([
    ["name", formatGoJSON(name)],
    ["tag", formatGoJSON(tag)],
    ["architecture", formatGoJSON(content.architecture)],
    ["fsLayers", `[${topFirst.map(({ layer }) => layer).join(",")}]`],
    ["history", `[${topFirst.map(({ history }) => history).join(",")}]`],
    ["schemaVersion", "1"],
  ]);
}
