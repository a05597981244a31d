import { isRawJSON } from "../json/json-number.ts";
import type { JSONShape } from "../json/json-shape.ts";
import { parseStrictJSON } from "../json/strict-json.ts";
import { ImageError } from "../names/image-error.ts";

/** A JSON object of unknown shape. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** False for null, for arrays and for numbers that are kept as source text. */
export function isJSONObject(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJSON(value);
}

/**
 * Parses a JSON object with `parseStrictJSON`. `what` names the document in messages.
 * @throws ImageError `invalid-manifest`
 */
export function parseJSONObject(
  what: string,
  bytes: Uint8Array,
  shape?: JSONShape,
): { value: JSONObject } {
  const value = parseStrictJSON(what, bytes, shape);
  if (!isJSONObject(value)) throw invalidDocument(what, "it is not a JSON object");
  return { value };
}

/** The error for an invalid manifest or config. `what` names the document. */
export function invalidDocument(what: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid ${what}: ${why}`, { cause });
}
