import { formatGoTime } from "../manifest/go-time.ts";
import { invalidDocument } from "../manifest/json-object.ts";
import type { JSONObject } from "../manifest/json-object.ts";

/** A string; empty if it is absent. `where` names the object in messages. @throws ImageError `invalid-manifest` */
export function stringIn(value: JSONObject, key: string, where: string): string {
  const text = value[key] ?? "";
  if (typeof text !== "string") throw invalidDocument(where, `its ${key} is not a string`);
  return text;
}

/** A boolean; false if it is absent. @throws ImageError `invalid-manifest` */
export function booleanIn(value: JSONObject, key: string, where: string): boolean {
  const flag = value[key] ?? false;
  if (typeof flag !== "boolean") throw invalidDocument(where, `its ${key} is not a boolean`);
  return flag;
}

/** The field `created` in RFC 3339, as Go formats it; `zeroTime` if it is absent. @throws ImageError `invalid-manifest` */
export function createdIn(value: JSONObject, where: string): string {
  const text = value["created"] ?? undefined;
  if (text === undefined) return zeroTime;
  const time = typeof text === "string" ? formatGoTime(text) : undefined;
  if (time === undefined) throw invalidDocument(where, "its created is not a time of RFC 3339");
  return time;
}

/** The text of Go for a missing time. */
export const zeroTime = "0001-01-01T00:00:00Z";
