/** Text of a server for a message: on one line, at most 300 characters, without escape sequences for a terminal. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
