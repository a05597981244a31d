import { formatGoJSON, formatGoMap, formatGoStruct } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { broken, isJSONObject, parseJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";

/** A config of Docker's, rewritten for an OCI manifest. */
export interface ConvertedConfig {
  readonly bytes: Uint8Array;
  /** Settings of a container that OCI has no field for, by name. Traces of the build are not named. */
  readonly dropped: readonly string[];
}

/**
 * The config of a Docker schema 2 image as containers/image rewrites it for an OCI manifest: only the fields of OCI
 * image-spec 1.1 (config.md), in the order of its Go types.
 * @throws ImageError `invalid-manifest`
 */
export function ociConfigOf(config: Uint8Array): ConvertedConfig {
  const { value } = parseJSONObject("config", config);
  const bytes = Buffer.from(formatRecord(value, imageFields, "config"));
  return { bytes, dropped: droppedSettings(value) };
}

interface Field {
  readonly name: string;
  /** The JSON text; undefined for what is empty. */
  readonly format: (value: unknown, where: string) => string | undefined;
  /** The text where it is empty; undefined leaves the field out. */
  readonly empty?: string;
}

const historyFields: readonly Field[] = [
  { name: "created", format: formatTime },
  { name: "created_by", format: formatText },
  { name: "author", format: formatText },
  { name: "comment", format: formatText },
  { name: "empty_layer", format: formatFlag },
];

const executionFields: readonly Field[] = [
  { name: "User", format: formatText },
  { name: "ExposedPorts", format: formatSet },
  { name: "Env", format: formatTexts },
  { name: "Entrypoint", format: formatTexts },
  { name: "Cmd", format: formatTexts },
  { name: "Volumes", format: formatSet },
  { name: "WorkingDir", format: formatText },
  { name: "Labels", format: formatTextMap },
  { name: "StopSignal", format: formatText },
  { name: "ArgsEscaped", format: formatFlag },
];

const rootFields: readonly Field[] = [
  { name: "type", format: formatText, empty: '""' },
  { name: "diff_ids", format: formatDiffIDs, empty: "null" },
];

const imageFields: readonly Field[] = [
  { name: "created", format: formatTime },
  { name: "author", format: formatText },
  { name: "architecture", format: formatText, empty: '""' },
  { name: "os", format: formatText, empty: '""' },
  { name: "os.version", format: formatText },
  { name: "os.features", format: formatTexts },
  { name: "variant", format: formatText },
  { name: "config", format: (value, where) => formatRecord(value, executionFields, where) },
  { name: "rootfs", format: (value, where) => formatRecord(value, rootFields, where) },
  { name: "history", format: formatHistory },
];

function formatRecord(value: unknown, fields: readonly Field[], where: string): string {
  const record = value ?? {};
  if (!isJSONObject(record)) throw broken("config", `${where} is not an object`);
  return formatGoStruct(
    fields.map(({ name, format, empty }) => {
      const field = where === "config" ? name : `${where}.${name}`;
      return [name, format(fieldOf(record, name), field) ?? empty];
    }),
  );
}

/** Go matches the names of fields in any case. */
function fieldOf(record: JSONObject, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const key = Object.keys(record).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : record[key];
}

function formatText(value: unknown, where: string): string | undefined {
  const text = textOf(value, where);
  return text === "" ? undefined : formatGoJSON(text);
}

function textOf(value: unknown, where: string): string {
  const text = value ?? "";
  if (typeof text !== "string") throw broken("config", `${where} is not a text`);
  return text;
}

function formatFlag(value: unknown, where: string): string | undefined {
  const flag = value ?? false;
  if (typeof flag !== "boolean") throw broken("config", `${where} is neither true nor false`);
  return flag ? "true" : undefined;
}

function formatTime(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const time = typeof value === "string" ? goTime(value) : undefined;
  if (time === undefined) throw broken("config", `${where} is not a time of RFC 3339`);
  return formatGoJSON(time);
}

function formatTexts(value: unknown, where: string): string | undefined {
  const texts = listOf(value, where).map((one) => textOf(one, where));
  return texts.length === 0 ? undefined : formatGoJSON(texts);
}

/** An empty list stays one. */
function formatDiffIDs(value: unknown, where: string): string | undefined {
  return formatTexts(value, where) ?? (Array.isArray(value) ? "[]" : undefined);
}

function formatHistory(value: unknown, where: string): string | undefined {
  const entries = listOf(value, where).map((one) => formatRecord(one, historyFields, where));
  return entries.length === 0 ? undefined : `[${entries.join(",")}]`;
}

/** `{"80/tcp":{}}` */
function formatSet(value: unknown, where: string): string | undefined {
  return formatMap(value, where, (one) => {
    if (one === null || isJSONObject(one)) return "{}";
    throw broken("config", `${where} has something else than empty objects`);
  });
}

function formatTextMap(value: unknown, where: string): string | undefined {
  return formatMap(value, where, (one) => formatGoJSON(textOf(one, where)));
}

function formatMap(
  value: unknown,
  where: string,
  format: (value: unknown) => string,
): string | undefined {
  const record = value ?? {};
  if (!isJSONObject(record)) throw broken("config", `${where} is not an object`);
  return Object.keys(record).length === 0 ? undefined : formatGoMap(record, format);
}

function listOf(value: unknown, where: string): readonly unknown[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw broken("config", `${where} is not a list`);
  return list;
}

/** What Docker's builder leaves of the container in which it built. */
const buildTraces: ReadonlySet<string> = new Set([
  "hostname",
  "domainname",
  "attachstdin",
  "attachstdout",
  "attachstderr",
  "tty",
  "openstdin",
  "stdinonce",
  "image",
]);

function droppedSettings(value: JSONObject): readonly string[] {
  const execution = fieldOf(value, "config");
  if (!isJSONObject(execution)) return [];
  const kept = new Set(executionFields.map(({ name }) => name.toLowerCase()));
  return Object.entries(execution).flatMap(([name, setting]) => {
    const key = name.toLowerCase();
    return kept.has(key) || buildTraces.has(key) || isEmpty(setting) ? [] : [name];
  });
}

function isEmpty(setting: unknown): boolean {
  if (typeof setting === "object" && setting !== null) return Object.keys(setting).length === 0;
  return setting === null || setting === "" || setting === false || setting === 0;
}
