import type { PaxRecords } from "./pax-records.ts";
import type { TarHeader } from "./tar-header.ts";
import { unsupportedLayer } from "./unsupported-layer.ts";

/** A member of a tar file, with the values of its extended headers. */
export interface TarMember {
  readonly type: MemberType;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for members without content. */
  readonly size: number;
  /** In RFC 3339, as Go writes it. */
  readonly modifiedAt: string;
  readonly accessedAt?: string | undefined;
  readonly changedAt?: string | undefined;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** In base64. */
  readonly extendedAttributes: Readonly<Record<string, string>>;
}

/** The type of a member, named as in the tables of contents. */
type MemberType = "reg" | "hardlink" | "symlink" | "char" | "block" | "dir" | "fifo";

/** The extensions that precede a header. */
export interface TarExtensions {
  readonly records?: PaxRecords;
  /** GNU's long names. */
  readonly longName?: Buffer;
  readonly longLink?: Buffer;
}

/** @throws ImageError `unsupported` for members that a table of contents cannot describe */
export function tarMember(
  header: TarHeader,
  { records = new Map(), longName, longLink }: TarExtensions,
): TarMember {
  const record = (key: string): Buffer | undefined => nonEmpty(records.get(key));
  const name = utf8(record("path") ?? longName ?? header.name, "a name");
  const type = typeOf(header, name);
  const number = (key: string, value: number): number =>
    requireCount(Number(record(key)?.toString() ?? value), name);
  for (const key of records.keys()) {
    if (key.startsWith("GNU.sparse.")) throw unsupportedLayer(`${JSON.stringify(name)} is sparse`);
  }
  const modified = record("mtime")?.toString() ?? String(header.modifiedAt);
  return {
    type,
    name,
    linkName: utf8(record("linkpath") ?? longLink ?? header.linkName, "the target of a link"),
    mode: header.mode,
    uid: number("uid", header.uid),
    gid: number("gid", header.gid),
    size: type === "reg" ? number("size", header.size) : 0,
    modifiedAt: formatTime(modified, name),
    accessedAt: optionalTime(record("atime")?.toString() ?? header.accessedAt, name),
    changedAt: optionalTime(record("ctime")?.toString() ?? header.changedAt, name),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    extendedAttributes: attributesIn(records),
  };
}

const types: ReadonlyMap<string, MemberType> = new Map([
  ["0", "reg"],
  ["\0", "reg"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "char"],
  ["4", "block"],
  ["5", "dir"],
  ["6", "fifo"],
]);

function typeOf({ type, size }: TarHeader, name: string): MemberType {
  // Before 1988, a folder was a file whose name ends with a slash.
  if (type === "\0" && name.endsWith("/") && size === 0) return "dir";
  const found = types.get(type);
  if (found !== undefined) return found;
  throw unsupportedLayer(`${JSON.stringify(name)} has the tar type ${JSON.stringify(type)}`);
}

function utf8(bytes: Buffer, what: string): string {
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  throw unsupportedLayer(`${what} is not UTF-8: ${JSON.stringify(text)}`);
}

function requireCount(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw unsupportedLayer(`the header of ${JSON.stringify(name)} has a number that is not valid`);
}

function attributesIn(records: PaxRecords): Readonly<Record<string, string>> {
  const prefix = "SCHILY.xattr.";
  const entries = [...records].flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value.toString("base64")] as const] : [],
  );
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Empty records keep the value of the header. */
function nonEmpty(value: Buffer | undefined): Buffer | undefined {
  return value?.byteLength === 0 ? undefined : value;
}

function optionalTime(value: string | number | undefined, name: string): string | undefined {
  return value === undefined ? undefined : formatTime(String(value), name);
}

/** Formats seconds with up to nine decimals. */
function formatTime(text: string, name: string): string {
  const [seconds = "", decimals = ""] = text.split(".");
  const isNegative = text.startsWith("-") && decimals !== "";
  const whole = Number(seconds);
  const nanoseconds = Number(decimals.slice(0, 9).padEnd(9, "0"));
  const isValid =
    seconds !== "" && Number.isInteger(whole) && Number.isInteger(nanoseconds) && nanoseconds >= 0;
  const start = isNegative && nanoseconds > 0 ? whole - 1 : whole;
  const date = new Date(start * 1000);
  // Go writes years of four digits only.
  const year = date.getUTCFullYear();
  if (!isValid || !(year >= 0 && year <= 9999))
    throw unsupportedLayer(`the time of ${JSON.stringify(name)} is not valid`);
  const fraction = isNegative && nanoseconds > 0 ? 1e9 - nanoseconds : nanoseconds;
  const digits = String(fraction).padStart(9, "0");
  return `${date.toISOString().slice(0, 19)}${fraction === 0 ? "" : `.${withoutZeros(digits)}`}Z`;
}

function withoutZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
