import { isRawJSON } from "../json/json-number.ts";
import type { JSONShape } from "../json/json-shape.ts";
import { parseStrictJSON } from "../json/strict-json.ts";
import { ImageError } from "../names/image-error.ts";

/** A JSON object of unknown shape. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** False for null, for arrays and for a number that is kept as its text. */
export function isJSONObject(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

/**
 * Reads bytes that must be one JSON object, as strictly as `parseStrictJSON`.
 * @throws ImageError `invalid-manifest`
 */
export function parseJSONObject(
  what: string,
  bytes: Uint8Array,
  shape?: JSONShape,
): { value: JSONObject } {
  const value = parseStrictJSON(what, bytes, shape);
  if (!isJSONObject(value)) throw broken(what, "it is not a JSON object");
  return { value };
}

export function broken(what: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid ${what}: ${why}`, { cause });
}
