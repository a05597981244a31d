/**
 * Escapes characters that control a terminal or disguise text: control characters (including line breaks and tabs),
 * bidirectional marks, invisible characters and lone surrogates. ESC becomes `\x1b`, a right-to-left override `\u202e`.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escapeOf);
}

/** Like `printable`, but keeps line breaks and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(unprintable, (character) =>
    character === "\n" || character === "\t" ? character : escapeOf(character),
  );
}

/** Text for an error message: printable, on one line, and truncated in the middle to 4,000 characters. */
export function singleLine(text: string): string {
  const lines = truncateMiddle(text.trim())
    .split("\n")
    .map((line) => line.trim());
  return printable(lines.filter((line) => line !== "").join("; "));
}

/** Truncates a text in the middle, since its end often contains the advice. `maxLength` excludes the marker. */
export function truncateMiddle(text: string, maxLength = 4000): string {
  if (text.length <= maxLength) return text;
  const tail = Math.floor(maxLength / 4);
  const omitted = text.length - maxLength;
  const [start, end] = [text.slice(0, maxLength - tail), text.slice(-tail)];
  return `${start}… (${omitted} characters left out) …${end}`;
}

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const shortEscapes = new Map([
  ["\n", String.raw`\n`],
  ["\r", String.raw`\r`],
  ["\t", String.raw`\t`],
]);

function escapeOf(character: string): string {
  const short = shortEscapes.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}
