import { brokenArchive } from "./broken-archive.ts";
import { shown } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";

/** What is said of the next member before it comes. */
export interface TarExtension {
  readonly name?: string;
  readonly linkName?: string;
  readonly size?: number;
  /** Whether it is a sparse file, whose content is not what it seems to be. */
  readonly isSparse?: boolean;
}

/** The most that may be said before a member, in bytes. */
export const extensionLimit: number = 1024 * 1024;

/** True for headers of what is no member: long names of GNU tar, and records of POSIX.1-2001. */
export function isExtension({ type }: TarHeader): boolean {
  return "LKxg".includes(type);
}

/** @throws ImageError `invalid-manifest`, also for what each reader would take in another way */
export function parseTarExtension(
  { type }: TarHeader,
  content: Uint8Array,
  place: string,
): TarExtension {
  switch (type) {
    case "L":
      return { name: terminated(content) };
    case "K":
      return { linkName: terminated(content) };
    case "x":
      return extensionOf(recordsIn(content, place), place);
    default:
      refuseForAll(recordsIn(content, place), place);
      return {};
  }
}

/** What several headers say of one member. @throws ImageError `invalid-manifest` where they say the same thing twice */
export function joinedExtension(
  before: TarExtension,
  further: TarExtension,
  place: string,
): TarExtension {
  if (!Object.keys(further).some((key) => key in before)) return { ...before, ...further };
  const name = shown(before.name ?? further.name ?? "a member");
  throw brokenArchive(place, `extended headers tell twice what ${name} is`);
}

function extensionOf(records: ReadonlyMap<string, string>, place: string): TarExtension {
  const [name, linkName, size] = ["path", "linkpath", "size"].map((key) => records.get(key));
  const isSparse = [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (size !== undefined && !isSize(size))
    throw brokenArchive(place, `${shown(name ?? "a member")} has the size ${shown(size)}`);
  return {
    ...(name !== undefined && { name }),
    ...(linkName !== undefined && { linkName }),
    ...(size !== undefined && { size: Number(size) }),
    isSparse,
  };
}

/** What holds for all members is time and owner; nobody means to write names or sizes so. */
function refuseForAll(records: ReadonlyMap<string, string>, place: string): void {
  const told = [...records.keys()].find((key) =>
    /^(?:path|linkpath|size|GNU\.sparse\..*)$/.test(key),
  );
  if (told !== undefined) throw brokenArchive(place, `it tells one ${told} for all its members`);
}

/** Each record is its own length in decimal, a space, `key=value` and a line feed; without a value it says nothing. */
function recordsIn(content: Uint8Array, place: string): ReadonlyMap<string, string> {
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
      throw brokenArchive(place, "a record of extended headers cannot be read");
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
