import { configShape } from "../manifest/config-shape.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
import { booleanIn, createdIn, stringIn } from "./history-fields.ts";

/** The parts of an image config that a schema 1 manifest contains. */
export interface ImageHistory {
  readonly architecture: string;
  /** In the order of the build. */
  readonly entries: readonly HistoryEntry[];
}

/** An entry of `history` in a config (OCI image-spec, config.md). */
export interface HistoryEntry {
  /** RFC 3339, as Go formats it. */
  readonly created: string;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  /** True for a step that changed the config only. */
  readonly isEmptyLayer: boolean;
}

/** @throws ImageError `invalid-manifest` */
export function parseImageHistory(config: Uint8Array): ImageHistory {
  const { value } = parseJSONObject("config", config, configShape);
  const list = value["history"] ?? [];
  if (!Array.isArray(list)) throw invalidDocument("config", "its history is not a list");
  return {
    architecture: stringIn(value, "architecture", "config"),
    entries: list.map((entry: unknown, at) =>
      parseEntry(entry ?? {}, `history[${at}] of the config`),
    ),
  };
}

function parseEntry(entry: unknown, where: string): HistoryEntry {
  if (!isJSONObject(entry)) throw invalidDocument(where, "it is not an object");
  return {
    created: createdIn(entry, where),
    createdBy: stringIn(entry, "created_by", where),
    author: stringIn(entry, "author", where),
    comment: stringIn(entry, "comment", where),
    isEmptyLayer: booleanIn(entry, "empty_layer", where),
  };
}
