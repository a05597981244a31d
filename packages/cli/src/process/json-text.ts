import { withoutSettings } from "./setting-names.ts";

/**
 * JSON in the format of Go's encoder: indented by four spaces, with HTML characters escaped. Control characters and
 * invisible characters are escaped too.
 */
export function formatJSON(value: unknown): string {
  return `${escaped(JSON.stringify(value, undefined, 4))}\n`;
}

/** The same in one line, without a line end. */
export function compactJSON(value: unknown): string {
  return escaped(JSON.stringify(value) ?? "null");
}

/** JSON of a value that may contain bytes and errors. Bytes are omitted; errors are reduced to code and message. */
export function plainJSON(value: unknown, indent?: number): string {
  const json = JSON.stringify(
    value,
    function plain(this: Readonly<Record<string, unknown>>, key: string) {
      // The second argument has already been through `toJSON`, which a Buffer has.
      const original = this[key];
      if (original instanceof Uint8Array) return undefined;
      if (!(original instanceof Error)) return original;
      const message = withoutSettings(original.message);
      return "code" in original ? { code: original.code, message } : { message };
    },
    indent,
  );
  return withoutControls(json);
}

function escaped(json: string): string {
  return withoutControls(json.replaceAll(/[<>&]/g, escapeOf));
}

/** `JSON.stringify` escapes controls below U+0020 and lone surrogates. The remaining newlines are its own. */
function withoutControls(json: string): string {
  return json.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeOf);
}

/** Characters above U+FFFF need two escapes. */
function escapeOf(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
