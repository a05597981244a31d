import { formatGoJSON, formatGoMap, formatGoStruct } from "./go-json.ts";
import { formatGoTime } from "./go-time.ts";
import { invalidDocument, isJSONObject, parseJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";

/** A Docker config, converted for an OCI manifest. */
export interface ConvertedConfig {
  readonly bytes: Uint8Array;
  /** The names of container settings that OCI has no field for. Excludes the fields of the build container. */
  readonly dropped: readonly string[];
}

/**
 * Converts the config of a Docker schema 2 image for an OCI manifest, byte for byte like containers/image. It keeps only
 * the fields of OCI image-spec 1.1 (config.md), in the order of its Go types.
 * @throws ImageError `invalid-manifest`
 */
export function toOCIConfig(config: Uint8Array): ConvertedConfig {
  const { value } = parseJSONObject("config", config);
  const bytes = Buffer.from(formatRecord(value, imageFields, "config"));
  return { bytes, dropped: droppedSettings(value) };
}

interface Field {
  readonly name: string;
  /** Returns the JSON text; undefined for an empty value. */
  readonly format: (value: unknown, where: string) => string | undefined;
  /** The JSON text of an empty value. Default: the field is omitted. */
  readonly empty?: string;
}

const historyFields: readonly Field[] = [
  { name: "created", format: formatTime },
  { name: "created_by", format: formatString },
  { name: "author", format: formatString },
  { name: "comment", format: formatString },
  { name: "empty_layer", format: formatFlag },
];

const executionFields: readonly Field[] = [
  { name: "User", format: formatString },
  { name: "ExposedPorts", format: formatSet },
  { name: "Env", format: formatStrings },
  { name: "Entrypoint", format: formatStrings },
  { name: "Cmd", format: formatStrings },
  { name: "Volumes", format: formatSet },
  { name: "WorkingDir", format: formatString },
  { name: "Labels", format: formatStringMap },
  { name: "StopSignal", format: formatString },
  { name: "ArgsEscaped", format: formatFlag },
];

const rootFields: readonly Field[] = [
  { name: "type", format: formatString, empty: '""' },
  { name: "diff_ids", format: formatDiffIDs, empty: "null" },
];

const imageFields: readonly Field[] = [
  { name: "created", format: formatTime },
  { name: "author", format: formatString },
  { name: "architecture", format: formatString, empty: '""' },
  { name: "os", format: formatString, empty: '""' },
  { name: "os.version", format: formatString },
  { name: "os.features", format: formatStrings },
  { name: "variant", format: formatString },
  { name: "config", format: (value, where) => formatRecord(value, executionFields, where) },
  { name: "rootfs", format: (value, where) => formatRecord(value, rootFields, where) },
  { name: "history", format: formatHistory },
];

function formatRecord(value: unknown, fields: readonly Field[], where: string): string {
  const record = value ?? {};
  if (!isJSONObject(record)) throw invalidDocument("config", `${where} is not an object`);
  return formatGoStruct(
    fields.map(({ name, format, empty }) => {
      const field = where === "config" ? name : `${where}.${name}`;
      return [name, format(fieldOf(record, name), field) ?? empty];
    }),
  );
}

/** Go matches field names case-insensitively. */
function fieldOf(record: JSONObject, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const key = Object.keys(record).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : record[key];
}

function formatString(value: unknown, where: string): string | undefined {
  const text = stringOf(value, where);
  return text === "" ? undefined : formatGoJSON(text);
}

function stringOf(value: unknown, where: string): string {
  const text = value ?? "";
  if (typeof text !== "string") throw invalidDocument("config", `${where} is not a string`);
  return text;
}

function formatFlag(value: unknown, where: string): string | undefined {
  const flag = value ?? false;
  if (typeof flag !== "boolean") throw invalidDocument("config", `${where} is not a boolean`);
  return flag ? "true" : undefined;
}

function formatTime(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const time = typeof value === "string" ? formatGoTime(value) : undefined;
  if (time === undefined) throw invalidDocument("config", `${where} is not an RFC 3339 time`);
  return formatGoJSON(time);
}

function formatStrings(value: unknown, where: string): string | undefined {
  const texts = listOf(value, where).map((one) => stringOf(one, where));
  return texts.length === 0 ? undefined : formatGoJSON(texts);
}

/** An empty array stays empty. */
function formatDiffIDs(value: unknown, where: string): string | undefined {
  return formatStrings(value, where) ?? (Array.isArray(value) ? "[]" : undefined);
}

function formatHistory(value: unknown, where: string): string | undefined {
  const entries = listOf(value, where).map((one) => formatRecord(one, historyFields, where));
  return entries.length === 0 ? undefined : `[${entries.join(",")}]`;
}

/** `{"80/tcp":{}}` */
function formatSet(value: unknown, where: string): string | undefined {
  return formatMap(value, where, (one) => {
    if (one === null || isJSONObject(one)) return "{}";
    throw invalidDocument("config", `${where} must contain empty objects only`);
  });
}

function formatStringMap(value: unknown, where: string): string | undefined {
  return formatMap(value, where, (one) => formatGoJSON(stringOf(one, where)));
}

function formatMap(
  value: unknown,
  where: string,
  format: (value: unknown) => string,
): string | undefined {
  const record = value ?? {};
  if (!isJSONObject(record)) throw invalidDocument("config", `${where} is not an object`);
  return Object.keys(record).length === 0 ? undefined : formatGoMap(record, format);
}

function listOf(value: unknown, where: string): readonly unknown[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw invalidDocument("config", `${where} is not an array`);
  return list;
}

/** The fields that Docker's builder copies from its build container. */
const buildFields: ReadonlySet<string> = new Set([
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
    return kept.has(key) || buildFields.has(key) || isEmpty(setting) ? [] : [name];
  });
}

function isEmpty(setting: unknown): boolean {
  if (typeof setting === "object" && setting !== null) return Object.keys(setting).length === 0;
  return setting === null || setting === "" || setting === false || setting === 0;
}
