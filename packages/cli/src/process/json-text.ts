/**
 * JSON as Go's encoder writes it, four spaces deep and with the characters escaped that mean something in HTML; those
 * that a terminal obeys, or that are invisible, are escaped too.
 */
export function formatJSON(value: unknown): string {
  return `${escaped(JSON.stringify(value, undefined, 4))}\n`;
}

/** The same in one line, without its end. */
export function compactJSON(value: unknown): string {
  return escaped(JSON.stringify(value) ?? "null");
}

/** One line of JSON of something with bytes and errors in it: bytes are left out, of an error its code and message stay. */
export function plainJSON(value: unknown, indent?: number): string {
  const json = JSON.stringify(
    value,
    function plain(this: Readonly<Record<string, unknown>>, key: string) {
      // What `JSON.stringify` passes here went through `toJSON` already, which a Buffer has.
      const original = this[key];
      if (original instanceof Uint8Array) return undefined;
      if (!(original instanceof Error)) return original;
      const { message } = original;
      return "code" in original ? { code: original.code, message } : { message };
    },
    indent,
  );
  return withoutControls(json);
}

function escaped(json: string): string {
  return withoutControls(json.replaceAll(/[<>&]/g, escapeOf));
}

/** `JSON.stringify` escapes the controls below the space, and lone surrogates; the line ends left are its own. */
function withoutControls(json: string): string {
  return json.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeOf);
}

/** One or, of what is beyond four digits, two of JSON's escapes. */
function escapeOf(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
