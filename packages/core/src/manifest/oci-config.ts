import {
  fieldOf,
  formatFlag,
  formatList,
  formatRecord,
  formatSet,
  formatString,
  formatStringMap,
  formatStrings,
  formatTime,
  listOf,
} from "./go-fields.ts";
import type { Field } from "./go-fields.ts";
import { isJSONObject, parseJSONObject } from "./json-object.ts";
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
  { name: "diff_ids", format: formatList, empty: "null" },
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

function formatHistory(value: unknown, where: string): string | undefined {
  const entries = listOf(value, where).map((one) => formatRecord(one, historyFields, where));
  return entries.length === 0 ? undefined : `[${entries.join(",")}]`;
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
