import { formatGoJSON, formatGoMap, formatGoStruct } from "./go-json.ts";
import { formatGoTime } from "./go-time.ts";
import { invalidDocument, isJSONObject } from "./json-object.ts";
import type { JSONObject } from "./json-object.ts";

/** A field of a Go struct, as `encoding/json` formats it. */
export interface Field {
  readonly name: string;
  /** Returns the JSON text; undefined for an empty value. */
  readonly format: (value: unknown, where: string) => string | undefined;
  /** The JSON text of an empty value. Default: the field is omitted. */
  readonly empty?: string;
}

/** Formats an object with these fields, and no others. `where` is its path in the config; `config` for the config itself. */
export function formatRecord(value: unknown, fields: readonly Field[], where: string): string {
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
export function fieldOf(record: JSONObject, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const key = Object.keys(record).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : record[key];
}

/** undefined for an empty string. */
export function formatString(value: unknown, where: string): string | undefined {
  const text = stringOf(value, where);
  return text === "" ? undefined : formatGoJSON(text);
}

function stringOf(value: unknown, where: string): string {
  const text = value ?? "";
  if (typeof text !== "string") throw invalidDocument("config", `${where} is not a string`);
  return text;
}

/** undefined for false. */
export function formatFlag(value: unknown, where: string): string | undefined {
  const flag = value ?? false;
  if (typeof flag !== "boolean") throw invalidDocument("config", `${where} is not a boolean`);
  return flag ? "true" : undefined;
}

/** An integer; undefined for 0. */
export function formatNumber(value: unknown, where: string): string | undefined {
  const number = value ?? 0;
  if (typeof number !== "number" || !Number.isSafeInteger(number))
    throw invalidDocument("config", `${where} is not an integer`);
  return number === 0 ? undefined : String(number);
}

/** undefined if it is absent. */
export function formatTime(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const time = typeof value === "string" ? formatGoTime(value) : undefined;
  if (time === undefined) throw invalidDocument("config", `${where} is not an RFC 3339 time`);
  return formatGoJSON(time);
}

/** undefined for an empty array. */
export function formatStrings(value: unknown, where: string): string | undefined {
  const texts = listOf(value, where).map((one) => stringOf(one, where));
  return texts.length === 0 ? undefined : formatGoJSON(texts);
}

/** An empty array stays empty. */
export function formatList(value: unknown, where: string): string | undefined {
  return formatStrings(value, where) ?? (Array.isArray(value) ? "[]" : undefined);
}

/** `{"80/tcp":{}}` */
export function formatSet(value: unknown, where: string): string | undefined {
  return formatMap(value, where, (one) => {
    if (one === null || isJSONObject(one)) return "{}";
    throw invalidDocument("config", `${where} must contain empty objects only`);
  });
}

/** undefined for an empty object. */
export function formatStringMap(value: unknown, where: string): string | undefined {
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

/** An absent array is empty. */
export function listOf(value: unknown, where: string): readonly unknown[] {
  const list = value ?? [];
  if (!Array.isArray(list)) throw invalidDocument("config", `${where} is not an array`);
  return list;
}
