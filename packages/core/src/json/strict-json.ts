import { ImageError } from "../names/image-error.ts";
import { exactNumber, numberAt } from "./json-number.ts";
import { emptyRecord } from "./json-record.ts";
import type { JSONRecord } from "./json-record.ts";
import type { JSONShape } from "./json-shape.ts";
import { ObjectKeys } from "./object-keys.ts";

/**
 * Parses JSON that all programs interpret the same way, and rejects everything else. The document is RFC 8259 in UTF-8
 * without a byte order mark. An object has no duplicate keys, including keys that Go's encoding/json reads as the same
 * field. A key that Go reads as a field of `shape` has exactly the spelling of that field.
 *
 * Objects inherit nothing. A number that Go reads differently (`1.0`, `1e3`, 2^53 + 1) becomes a `JSON.rawJSON`: its
 * `typeof` is not `number`, and `JSON.stringify` writes it unchanged. Takes linear time. `what` names the document in
 * messages.
 * @throws ImageError `invalid-manifest`
 */
export function parseStrictJSON(
  what: string,
  bytes: Uint8Array,
  shape: JSONShape = "any",
): unknown {
  return new StrictJSONReader(what, decodeUTF8(what, bytes)).read(shape);
}

/** The maximum nesting depth. Go allows 10,000 levels; no image format needs more than ten. */
const maxDepth = 1000;

/** The maximum number of keys in one object. Image formats have long arrays but no large objects, which are slow. */
const maxKeys = 20_000;

/** The maximum number of values in one document. The 4 MiB of a manifest hold no more. */
const maxValues = 2_100_000;

/** Decodes UTF-8. Keeps a byte order mark. */
function decodeUTF8(what: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ImageError("invalid-manifest", `Invalid ${what}: it is not UTF-8 text`, { cause });
  }
}

class StrictJSONReader {
  readonly #what: string;
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(what: string, text: string) {
    this.#what = what;
    this.#text = text;
  }

  read(shape: JSONShape): unknown {
    if (this.#text.startsWith("\uFEFF")) {
      throw this.#invalid("it starts with a byte order mark; save it as UTF-8 without one");
    }
    const value = this.#value(shape, 0);
    if (this.#next() !== undefined) throw this.#notJSON();
    return value;
  }

  #value(shape: JSONShape, depth: number): unknown {
    if (++this.#values > maxValues)
      throw this.#invalid(`it has more than ${maxValues} values; split it`);
    switch (this.#next()) {
      case "{":
        return this.#object(shape, depth + 1);
      case "[":
        return this.#array(shape, depth + 1);
      case '"':
        return this.#string();
      case undefined:
      default:
        return this.#literal();
    }
  }

  #object(shape: JSONShape, depth: number): JSONRecord {
    this.#enter(depth);
    const record = emptyRecord();
    if (this.#consume("}")) return record;
    const keys = new ObjectKeys(record, shape, this.#ambiguous);
    let count = 0;
    do {
      if (++count > maxKeys) throw this.#invalid(`it has an object of more than ${maxKeys} keys`);
      if (this.#next() !== '"') throw this.#notJSON();
      const key = this.#string();
      const inner = keys.add(key);
      if (!this.#consume(":")) throw this.#notJSON();
      record[key] = this.#value(inner, depth);
    } while (this.#consume(","));
    if (!this.#consume("}")) throw this.#notJSON();
    return record;
  }

  #array(shape: JSONShape, depth: number): readonly unknown[] {
    this.#enter(depth);
    const values: unknown[] = [];
    if (this.#consume("]")) return values;
    do values.push(this.#value(shape, depth));
    while (this.#consume(","));
    if (!this.#consume("]")) throw this.#notJSON();
    return values;
  }

  #string(): string {
    const start = this.#at;
    let hasEscapes = false;
    for (this.#at++; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === codes.quote) break;
      // A control character, or NaN at the end of the text.
      if (!(code >= codes.space)) throw this.#notJSON();
      if (code === codes.backslash) {
        hasEscapes = true;
        this.#at++;
      }
    }
    this.#at++;
    return hasEscapes ? this.#unescaped(start) : this.#text.slice(start + 1, this.#at - 1);
  }

  #unescaped(start: number): string {
    let text: string;
    try {
      text = JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch (cause) {
      this.#at = start;
      throw this.#notJSON(cause);
    }
    if (text.isWellFormed()) return text;
    throw this.#invalid(`the text at position ${start} contains half a surrogate pair`);
  }

  #literal(): unknown {
    const number = numberAt(this.#text, this.#at);
    if (number !== "") {
      this.#at += number.length;
      return exactNumber(number);
    }
    for (const [word, value] of literals) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw this.#notJSON();
  }

  /** Skips white space and returns the next character; undefined at the end of the text. */
  #next(): string | undefined {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text[this.#at];
  }

  /** Consumes the character if it is next, and returns whether it was. */
  #consume(character: string): boolean {
    const isNext = this.#next() === character;
    if (isNext) this.#at++;
    return isNext;
  }

  #enter(depth: number): void {
    if (depth > maxDepth) throw this.#invalid(`it is nested more than ${maxDepth} levels deep`);
    this.#at++;
  }

  readonly #ambiguous = (key: string, why: string): ImageError =>
    this.#invalid(
      `ambiguous: ${quoted(key)} ${why}; write each field once, as its format spells it`,
    );

  #notJSON(cause?: unknown): ImageError {
    const position = `at position ${this.#at} of ${this.#text.length}`;
    const isPage = this.#text.trimStart().startsWith("<");
    return this.#invalid(isPage ? "it looks like a web page" : `it is not JSON ${position}`, cause);
  }

  #invalid(why: string, cause?: unknown): ImageError {
    return new ImageError("invalid-manifest", `Invalid ${this.#what}: ${why}`, { cause });
  }
}

const codes = { space: 0x20, quote: 0x22, backslash: 0x5c } as const;

const literals = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

function isSpace(code: number): boolean {
  return code === codes.space || code === 0x0a || code === 0x0d || code === 0x09;
}

const maxQuoted = 60;

/** Quotes untrusted text in ASCII, so that it cannot control a terminal. */
function quoted(key: string): string {
  const start = key.length > maxQuoted ? `${key.slice(0, maxQuoted)}…` : key;
  const code = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(start).replaceAll(/[^\x20-\x7e…]/g, code);
}
