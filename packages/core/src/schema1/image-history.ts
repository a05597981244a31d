import { configShape } from "../manifest/config-shape.ts";
import { formatGoTime } from "../manifest/go-time.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import { zeroTime } from "./v1-compatibility.ts";

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
    architecture: stringField(value, "architecture", "it"),
    entries: list.map((entry: unknown, at) => parseEntry(entry ?? {}, `history[${at}]`)),
  };
}

function parseEntry(entry: unknown, where: string): HistoryEntry {
  if (!isJSONObject(entry)) throw invalidDocument("config", `${where} is not an object`);
  const isEmptyLayer = entry["empty_layer"] ?? false;
  if (typeof isEmptyLayer !== "boolean")
    throw invalidDocument("config", `${where} has an empty_layer that is neither true nor false`);
  return {
    created: timeIn(entry, where),
    createdBy: stringField(entry, "created_by", where),
    author: stringField(entry, "author", where),
    comment: stringField(entry, "comment", where),
    isEmptyLayer,
  };
}

function stringField(value: JSONObject, key: string, where: string): string {
  const text = value[key] ?? "";
  if (typeof text !== "string")
    throw invalidDocument("config", `${where} has a ${key} that is not text`);
  return text;
}

function timeIn(value: JSONObject, where: string): string {
  const text = value["created"] ?? undefined;
  if (text === undefined) return zeroTime;
  const time = typeof text === "string" ? formatGoTime(text) : undefined;
  if (time === undefined)
    throw invalidDocument("config", `${where} has a created that is not a time of RFC 3339`);
  return time;
}
