import { compactJSON } from "../json/raw-members.ts";

/**
 * Formats JSON like Go's `encoding/json`, so that manifests have the same digests as with containers/image. `<`, `>`, `&`
 * and the line separators of Unicode are escaped. Strings must not contain lone surrogates.
 */
export function formatGoJSON(value: unknown): string {
  return escapeHTML(JSON.stringify(value));
}

/** JSON text as Go writes a `json.RawMessage`: without white space between tokens; strings and numbers stay as they are. */
export function compactGoJSON(text: string): string {
  return escapeHTML(compactJSON(text));
}

function escapeHTML(text: string): string {
  return text.replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return String.raw`\u${code}`;
  });
}

/** Formats a Go struct: fields with their JSON text, in this order. Fields without a text are omitted. */
export function formatGoStruct(
  fields: readonly (readonly [name: string, text: string | undefined])[],
): string {
  const written = fields.flatMap(([name, text]) =>
    text === undefined ? [] : [`${formatGoJSON(name)}:${text}`],
  );
  return `{${written.join(",")}}`;
}

/** Formats a Go map: entries sorted by the bytes of their keys. */
export function formatGoMap(
  record: Readonly<Record<string, unknown>>,
  format: (value: unknown) => string = formatGoJSON,
): string {
  const entries = Object.entries(record).map(
    ([key, value]) => ({ key, bytes: Buffer.from(key), text: format(value) }) as const,
  );
  const sorted = entries.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes));
  return formatGoStruct(sorted.map(({ key, text }) => [key, text]));
}
