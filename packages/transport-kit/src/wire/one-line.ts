/** Formats text of a server for a message: one line of at most 300 characters, without terminal escape sequences. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
