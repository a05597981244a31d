import { brokenArchive } from "./broken-archive.ts";
import { quoted } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";

/** The fields of extended headers, which apply to the next member. */
export interface TarExtension {
  readonly name?: string;
  readonly linkName?: string;
  readonly size?: number;
  /** Whether the member is a sparse file, whose stored content differs from the file content. */
  readonly isSparse?: boolean;
}

/** The maximum size of an extended header in bytes. */
export const extensionLimit: number = 1024 * 1024;

/** Whether a header is an extended header: long names of GNU tar, and pax records of POSIX.1-2001. */
export function isExtension({ type }: TarHeader): boolean {
  return "LKxg".includes(type);
}

/** @throws ImageError `invalid-manifest`, also for headers that tar readers interpret differently */
export function parseTarExtension(
  { type }: TarHeader,
  content: Uint8Array,
  location: string,
): TarExtension {
  switch (type) {
    case "L":
      return { name: terminated(content) };
    case "K":
      return { linkName: terminated(content) };
    case "x":
      return extensionOf(recordsIn(content, location), location);
    default:
      rejectGlobalFields(recordsIn(content, location), location);
      return {};
  }
}

/**
 * Merges the extended headers of one member. @throws ImageError `invalid-manifest` if two of them set the same field
 */
export function mergedExtension(
  before: TarExtension,
  further: TarExtension,
  location: string,
): TarExtension {
  if (!Object.keys(further).some((key) => key in before)) return { ...before, ...further };
  const name = quoted(before.name ?? further.name ?? "a member");
  throw brokenArchive(location, `extended headers set a field of ${name} twice`);
}

function extensionOf(records: ReadonlyMap<string, string>, location: string): TarExtension {
  const [name, linkName, size] = ["path", "linkpath", "size"].map((key) => records.get(key));
  const isSparse = [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (size !== undefined && !isSize(size))
    throw brokenArchive(location, `${quoted(name ?? "a member")} has the size ${quoted(size)}`);
  return {
    ...(name !== undefined && { name }),
    ...(linkName !== undefined && { linkName }),
    ...(size !== undefined && { size: Number(size) }),
    isSparse,
  };
}

/** Global headers hold times and owners. Names and sizes in them are invalid. */
function rejectGlobalFields(records: ReadonlyMap<string, string>, location: string): void {
  const invalid = [...records.keys()].find((key) =>
    /^(?:path|linkpath|size|GNU\.sparse\..*)$/.test(key),
  );
  if (invalid !== undefined)
    throw brokenArchive(location, `a global extended header sets ${invalid} for all members`);
}

/**
 * Parses records of the form "LENGTH key=value\n", where LENGTH is the decimal length of the record. A record without
 * a value is ignored.
 */
function recordsIn(content: Uint8Array, location: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.byteLength;) {
    const space = bytes.indexOf(" ", at);
    const length = bytes.toString("latin1", at, Math.min(Math.max(space, at), at + 20));
    const end = at + Number(length);
    const record = bytes.toString("utf8", space + 1, end);
    const equals = record.indexOf("=");
    const isRecord = /^[1-9]\d*$/.test(length) && end <= bytes.byteLength && record.endsWith("\n");
    if (!isRecord || equals < 1)
      throw brokenArchive(location, "a record of an extended header is malformed");
    const value = record.slice(equals + 1, -1);
    if (value !== "") records.set(record.slice(0, equals), value);
    at = end;
  }
  return records;
}

function isSize(text: string): boolean {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function terminated(content: Uint8Array): string {
  const end = content.indexOf(0);
  return Buffer.from(end < 0 ? content : content.subarray(0, end)).toString();
}
