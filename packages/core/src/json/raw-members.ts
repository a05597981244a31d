/**
 * The members of a JSON object by key, with the unchanged text of each value. Performs no checks: the text must have passed
 * `parseStrictJSON`.
 */
export function rawMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    members.set(key, text.slice(start, end));
    const next = skipSpace(text, end);
    at = text[next] === "," ? skipSpace(text, next + 1) : next;
  }
  return members;
}

/** Removes white space between tokens. The text must have passed `parseStrictJSON`. */
export function compactJSON(text: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = skipSpace(text, at);
    at = endOfToken(text, start);
    parts.push(text.slice(start, at));
  }
  return parts.join("");
}

/** The end of a string, or the position of the next string or white space. */
function endOfToken(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  let at = start;
  while (at < text.length && text[at] !== '"' && !spaces.has(text.charCodeAt(at))) at++;
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (spaces.has(text.charCodeAt(at))) at++;
  return at;
}

const spaces: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09]);

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at) - 1;
        break;
      case "{":
      case "[":
        depth++;
        break;
      case "}":
      case "]":
        if (depth === 0) return at;
        depth--;
        break;
      case ",":
      case " ":
      case "\n":
      case "\r":
      case "\t":
        if (depth === 0) return at;
        break;
      case undefined:
      default:
    }
    if (depth === 0 && closing.has(text[at])) return at + 1;
  }
  return text.length;
}

/** The characters that end a value that is not a literal. */
const closing: ReadonlySet<string | undefined> = new Set(['"', "}", "]"]);

/** The position after the closing quote of a string. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
