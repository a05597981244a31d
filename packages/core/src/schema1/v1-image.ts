import {
  formatFlag,
  formatList,
  formatNumber,
  formatRecord,
  formatSet,
  formatString,
  formatStringMap,
  formatStrings,
  formatTime,
} from "../manifest/go-fields.ts";
import type { Field } from "../manifest/go-fields.ts";
import { formatGoJSON } from "../manifest/go-json.ts";
import type { JSONObject } from "../manifest/json-object.ts";
import { zeroTime } from "./history-fields.ts";

/**
 * The config of an image that a Docker older than 1.8.3 built, with the fields that later versions always write, byte
 * for byte as containers/image writes it. Fields that its types do not have are dropped.
 * @throws ImageError `invalid-manifest`
 */
export function formatV1Image(value: JSONObject): string {
  return formatRecord(value, imageFields, "config");
}

/** True for a Docker version below 1.8.3. Parts that are not numbers count as 0, as Docker compares versions. */
export function isOlderDocker(version: unknown): boolean {
  if (typeof version !== "string" || version === "") return false;
  const parts = version.split(".").map((part) => (/^[+-]?\d+$/.test(part) ? Number(part) : 0));
  const limit = [1, 8, 3];
  for (let at = 0; at < Math.max(parts.length, limit.length); at++) {
    const difference = (parts[at] ?? 0) - (limit[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const healthFields: readonly Field[] = [
  { name: "Test", format: formatStrings },
  { name: "StartPeriod", format: formatNumber },
  { name: "Interval", format: formatNumber },
  { name: "Timeout", format: formatNumber },
  { name: "Retries", format: formatNumber },
];

/** `Schema2Config` of containers/image. */
const containerFields: readonly Field[] = [
  { name: "Hostname", format: formatString, empty: '""' },
  { name: "Domainname", format: formatString, empty: '""' },
  { name: "User", format: formatString, empty: '""' },
  { name: "AttachStdin", format: formatFlag, empty: "false" },
  { name: "AttachStdout", format: formatFlag, empty: "false" },
  { name: "AttachStderr", format: formatFlag, empty: "false" },
  { name: "ExposedPorts", format: formatSet },
  { name: "Tty", format: formatFlag, empty: "false" },
  { name: "OpenStdin", format: formatFlag, empty: "false" },
  { name: "StdinOnce", format: formatFlag, empty: "false" },
  { name: "Env", format: formatList, empty: "null" },
  { name: "Cmd", format: formatCommand, empty: "null" },
  { name: "Healthcheck", format: optional(healthFields) },
  { name: "ArgsEscaped", format: formatFlag },
  { name: "Image", format: formatString, empty: '""' },
  { name: "Volumes", format: orEmptyMap(formatSet), empty: "null" },
  { name: "WorkingDir", format: formatString, empty: '""' },
  { name: "Entrypoint", format: formatCommand, empty: "null" },
  { name: "NetworkDisabled", format: formatFlag },
  { name: "MacAddress", format: formatString },
  { name: "OnBuild", format: formatList, empty: "null" },
  { name: "Labels", format: orEmptyMap(formatStringMap), empty: "null" },
  { name: "StopSignal", format: formatString },
  { name: "StopTimeout", format: formatOptionalNumber },
  {
    name: "Shell",
    format: (value, where) => (isEmptyList(value) ? undefined : formatCommand(value, where)),
  },
];

/** `Schema2V1Image` of containers/image. */
const imageFields: readonly Field[] = [
  { name: "id", format: formatString },
  { name: "parent", format: formatString },
  { name: "comment", format: formatString },
  { name: "created", format: formatTime, empty: formatGoJSON(zeroTime) },
  { name: "container", format: formatString },
  {
    name: "container_config",
    format: (value, where) => formatRecord(value, containerFields, where),
  },
  { name: "docker_version", format: formatString },
  { name: "author", format: formatString },
  { name: "config", format: optional(containerFields) },
  { name: "architecture", format: formatString },
  { name: "variant", format: formatString },
  { name: "os", format: formatString },
  { name: "Size", format: formatNumber },
];

function optional(fields: readonly Field[]): Field["format"] {
  return (value, where) =>
    value === undefined || value === null ? undefined : formatRecord(value, fields, where);
}

/** Formats an empty map as `{}`, because Go distinguishes it from an absent map. */
function orEmptyMap(format: Field["format"]): Field["format"] {
  return (value, where) =>
    format(value, where) ?? (value === undefined || value === null ? undefined : "{}");
}

/** An array of strings, or one string (Docker's `strslice`). */
function formatCommand(value: unknown, where: string): string | undefined {
  return formatList(typeof value === "string" ? [value] : value, where);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function formatOptionalNumber(value: unknown, where: string): string | undefined {
  return value === 0 ? "0" : formatNumber(value, where);
}
