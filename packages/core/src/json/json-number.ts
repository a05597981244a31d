/** A number as text, which `JSON.stringify` writes as it is (ECMAScript, "JSON.rawJSON"); TypeScript does not know it yet. */
export interface RawJSON {
  readonly rawJSON: string;
}

const json = JSON as unknown as {
  readonly rawJSON: (text: string) => RawJSON;
  readonly isRawJSON: (value: unknown) => boolean;
};

/** True for a number that is kept as its text. */
export function isRawJSON(value: unknown): value is RawJSON {
  return json.isRawJSON(value);
}

/** The numbers of RFC 8259. */
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** The text of the number that starts there; empty where none does. */
export function numberAt(text: string, start: number): string {
  number.lastIndex = start;
  return number.test(text) ? text.slice(start, number.lastIndex) : "";
}

/**
 * The number, or its text where a double is not exactly that number as it is written: Go reads an integer from neither
 * `1.0` nor `1e3`, and 2^53 + 1 as itself.
 */
export function exactNumber(text: string): number | RawJSON {
  const value = Number(text);
  return String(value) === text ? value : json.rawJSON(text);
}
