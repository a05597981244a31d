/** JSON as Go's encoder writes it, four spaces deep and with the characters escaped that mean something in HTML. */
export function formatJSON(value: unknown): string {
  return `${escaped(JSON.stringify(value, undefined, 4))}\n`;
}

/** The same in one line, without its end. */
export function compactJSON(value: unknown): string {
  return escaped(JSON.stringify(value) ?? "null");
}

/** One line of JSON of something with bytes and errors in it: bytes are left out, of an error its code and message stay. */
export function plainJSON(value: unknown, indent?: number): string {
  return JSON.stringify(
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
}

function escaped(json: string): string {
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
