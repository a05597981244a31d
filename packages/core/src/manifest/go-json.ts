/**
 * JSON text as Go's `encoding/json` writes it, so that a manifest has the digest that containers/image gives it:
 * `<`, `>`, `&` and the line separators of Unicode are escaped. Strings have no lone surrogates.
 */
export function formatGoJSON(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return String.raw`\u${code}`;
  });
}

/** A struct of Go: fields with their JSON text, in the order given; those without a text are left out. */
export function formatGoStruct(
  fields: readonly (readonly [name: string, text: string | undefined])[],
): string {
  const written = fields.flatMap(([name, text]) =>
    text === undefined ? [] : [`${formatGoJSON(name)}:${text}`],
  );
  return `{${written.join(",")}}`;
}

/** A map of Go: sorted by the bytes of the keys. */
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
