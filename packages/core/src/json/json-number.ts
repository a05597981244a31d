/** A number in its source text, which `JSON.stringify` writes unchanged (ECMAScript, "JSON.rawJSON"). */
export interface RawJSON {
  readonly rawJSON: string;
}

/** TypeScript does not declare these functions yet. */
/** TypeScript does not declare these functions yet. */
const json = JSON as unknown as {
  readonly rawJSON: (text: string) => RawJSON;
  readonly isRawJSON: (value: unknown) => boolean;
};

/** True for a number that is kept as its source text. */
export function isRawJSON(value: unknown): value is RawJSON {
  return json.isRawJSON(value);
}

/** A number (RFC 8259, section 6). */
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The text of the number at `start`; empty if there is none. */
export function numberAt(text: string, start: number): string {
  number.lastIndex = start;
  return number.test(text) ? text.slice(start, number.lastIndex) : "";
}

/**
 * The number, or its source text if a double would be written differently. Go does not accept `1.0` and `1e3` as
 * integers, and keeps the precision of 2^53 + 1.
 */
export function exactNumber(text: string): number | RawJSON {
  const value = Number(text);
  return String(value) === text ? value : json.rawJSON(text);
}
