/**
 * The text with every character escaped that a terminal obeys or that makes text look like other text: controls (line
 * ends and tabs too), bidirectional and invisible ones, lone surrogates. ESC becomes `\x1b`, a right-to-left override
 * `\u202e`.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escapeOf);
}

/** The same for a text of several lines: their ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replaceAll(unprintable, (character) =>
    character === "\n" || character === "\t" ? character : escapeOf(character),
  );
}

/** A message: printable, in one line, and without the middle of what is longer than 4,000 characters. */
export function messageLine(text: string): string {
  const lines = shortened(text.trim())
    .split("\n")
    .map((line) => line.trim());
  return printable(lines.filter((line) => line !== "").join("; "));
}

/** The text without its middle where it is longer than that; its end often says what to do. */
export function shortened(text: string, maxLength = 4000): string {
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
