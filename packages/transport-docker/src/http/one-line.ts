/** A stranger's words for a message: on one line, not too long, and without an escape sequence for a terminal. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
