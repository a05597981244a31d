import { ImageError } from "../image-error.ts";

/** A JSON object of unknown shape. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** False for null and for arrays. */
export function isJSONObject(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Bytes that must be one JSON object in UTF-8, and its text. @throws ImageError `invalid-manifest` */
export function parseJSONObject(
  what: string,
  bytes: Uint8Array,
): { value: JSONObject; text: string } {
  const text = decoded(what, bytes);
  const value = parsed(what, text);
  if (!isJSONObject(value)) throw broken(what, "it is not a JSON object");
  return { value, text };
}

/** The keys of an object as they are written in valid JSON text, in order, repeated ones too: `JSON.parse` hides those. */
export function writtenKeys(text: string): readonly string[] {
  const keys: string[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found === "{" || found === "[") depth++;
    else if (found === "}" || found === "]") depth--;
    else if (
      depth === 1 &&
      /^\s*:/.test(text.slice(index + found.length, index + found.length + 16))
    ) {
      keys.push(JSON.parse(found) as string);
    }
  }
  return keys;
}

export function broken(what: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid ${what}: ${why}`, { cause });
}

function decoded(what: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw broken(what, "it is not UTF-8 text", cause);
  }
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.trimStart().slice(0, 1) === "<" ? ", but looks like a web page" : "";
    throw broken(what, `it is not JSON${start}`, cause);
  }
}
