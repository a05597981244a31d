import { S3Error } from "./s3-error.ts";
import type { S3State } from "./s3-state.ts";

/** The requested part of a list, which is sorted by key. */
export interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys after this one. */
  readonly after: string;
  readonly size: number;
}

export interface Page<Entry> {
  readonly entries: readonly Entry[];
  /** The common prefixes up to the delimiter, which replace entries. */
  readonly prefixes: readonly string[];
  /** The last key of this page if there are more. */
  readonly next: string | undefined;
}

/** A prefix followed by it sorts after all keys with the prefix. */
const lastCharacter = "\u{10FFFF}";

export function pageOf<Entry>(
  list: readonly Entry[],
  keyOf: (entry: Entry) => string,
  { prefix, delimiter, after, size }: Wanted,
): Page<Entry> {
  const entries: Entry[] = [];
  const prefixes: string[] = [];
  let last = after;
  for (const entry of sorted(list, keyOf)) {
    const key = keyOf(entry);
    if (!key.startsWith(prefix) || compareKeys(key, last) <= 0) continue;
    const common = commonPrefix(key, prefix, delimiter);
    if (entries.length + prefixes.length === size) {
      return { entries, prefixes, next: size === 0 ? undefined : last };
    }
    if (common === undefined) entries.push(entry);
    else prefixes.push(common);
    last = common === undefined ? key : common + lastCharacter;
  }
  return { entries, prefixes, next: undefined };
}

/** By UTF-8 bytes, unlike the order of JavaScript strings. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** @throws S3Error `InvalidArgument` */
export function parsePageSize(query: URLSearchParams, name: string, { settings }: S3State): number {
  const { pageSize = 1000 } = settings;
  const text = query.get(name) ?? `${pageSize}`;
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text), pageSize);
  throw new S3Error("InvalidArgument", `Provided ${name} not an integer or within integer range`, {
    details: { ArgumentName: name, ArgumentValue: text },
  });
}

/** How to write keys: unchanged, or encoded for `encoding-type=url`. @throws S3Error `InvalidArgument` */
export function written(query: URLSearchParams): (text: string) => string {
  const encoding = query.get("encoding-type");
  if (encoding === null) return (text) => text;
  if (encoding === "url") {
    return (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+");
  }
  throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", {
    details: { ArgumentName: "encoding-type", ArgumentValue: encoding },
  });
}

function sorted<Entry>(list: readonly Entry[], keyOf: (entry: Entry) => string): readonly Entry[] {
  return list.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
