import { brokenArchive } from "./broken-archive.ts";

/** The size of a tar block in bytes. */
export const blockSize = 512;

/** A tar header (POSIX.1-1988, POSIX.1-2001 and GNU). */
export interface TarHeader {
  /** The type flag: `0` a file, `2` a symbolic link, `x` an extended header for the next member, and so on. */
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  /** The content size in bytes; 0 for directories, links and devices, regardless of the size field. */
  readonly size: number;
}

/** The offset and length of a field. */
type Field = readonly [start: number, length: number];

const fields = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  prefix: [345, 155],
} as const satisfies Record<string, Field>;

/**
 * Whether content follows the header. Links, devices, directories and pipes have none, regardless of their size field.
 */
export function hasContent({ type }: Pick<TarHeader, "type">): boolean {
  return !/^[1-6]$/.test(type);
}

/** @throws ImageError `invalid-manifest` if the block is not a header */
export function parseTarHeader(block: Uint8Array, location: string, at: number): TarHeader {
  const claimed = numberIn(block, fields.checksum);
  if (claimed === undefined || !checksumsOf(block).includes(claimed))
    throw brokenArchive(location, `the tar header at byte ${at} is missing or damaged`);
  const type = textIn(block, fields.type) || "0";
  const isPosix = textIn(block, fields.magic) === "ustar";
  const prefix = isPosix ? textIn(block, fields.prefix) : "";
  const name = textIn(block, fields.name);
  const size = hasContent({ type }) ? numberIn(block, fields.size) : 0;
  const whole = prefix === "" ? name : `${prefix}/${name}`;
  if (size === undefined)
    throw brokenArchive(location, `the size of ${quoted(whole)} cannot be read`);
  return { type, name: whole, linkName: textIn(block, fields.linkName), size };
}

/** Whether a block is empty; an empty block ends a tar file. */
export function isEmptyBlock(block: Uint8Array): boolean {
  return emptyBlock.equals(block);
}

const emptyBlock = Buffer.alloc(blockSize);

/**
 * Formats the header of a file with owner root and time 0. The name is ASCII. If it is longer than 100 bytes, a pax header
 * with the name comes first.
 */
export function formatTarHeader(name: string, size: number): Uint8Array {
  const [, maxLength] = fields.name;
  if (name.length <= maxLength) return headerBlock(name, size, "0");
  const record = paxRecord("path", name);
  const extension = Buffer.alloc(padded(record.length));
  extension.write(record, "latin1");
  const short = name.slice(0, maxLength);
  return Buffer.concat([
    headerBlock(`PaxHeaders/${short}`.slice(0, maxLength), record.length, "x"),
    extension,
    headerBlock(short, size, "0"),
  ]);
}

/** The size of `formatTarHeader(name, …)`. */
export function tarHeaderSize(name: string): number {
  const [, maxLength] = fields.name;
  return name.length <= maxLength
    ? blockSize
    : 2 * blockSize + padded(paxRecord("path", name).length);
}

/** `LENGTH key=value`, where LENGTH is the length of the whole record. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length > length) length++;
  return `${length}${rest}`;
}

function headerBlock(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(blockSize);
  const write = ([start]: Field, text: string): void => void block.write(text, start, "latin1");
  write(fields.name, name);
  write([100, 8], "0000644\0");
  write([108, 8], "0000000\0");
  write([116, 8], "0000000\0");
  writeSize(block, size);
  write([136, 12], "00000000000\0");
  write(fields.type, type);
  write(fields.magic, "ustar\u000000");
  write(fields.checksum, `${octal(checksumsOf(block)[0], 6)}\0 `);
  return block;
}

/** A name quoted and shortened for messages. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

/** The content size rounded up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

/** Octal up to 8 GiB, binary above (GNU tar, read by all common implementations). */
function writeSize(block: Buffer, size: number): void {
  const [start, length] = fields.size;
  if (size < 8 ** 11) {
    block.write(`${octal(size, 11)}\0`, start, "latin1");
    return;
  }
  block[start] = 0x80;
  block.writeBigUInt64BE(BigInt(size), start + length - 8);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/**
 * The sum of all bytes with the checksum field as spaces, and the same sum of signed bytes, which some programs write.
 */
function checksumsOf(block: Uint8Array): readonly [sum: number, signed: number] {
  const [start, length] = fields.checksum;
  let sum = length * 0x20;
  let negative = 0;
  for (let at = 0; at < block.byteLength; at++) {
    if (at >= start && at < start + length) continue;
    const byte = block[at] ?? 0;
    sum += byte;
    if (byte >= 0x80) negative++;
  }
  return [sum, sum - 256 * negative];
}

function textIn(block: Uint8Array, [start, length]: Field): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString();
}

/**
 * Reads an octal number, or a binary one if the first bit is set. Returns undefined for invalid, negative and unsafe
 * numbers.
 */
function numberIn(block: Uint8Array, [start, length]: Field): number | undefined {
  const field = block.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) !== 0) return binaryIn(field);
  const text = Buffer.from(field).toString("latin1");
  const [, digits] = /^[ \0]*([0-7]+) *(?:\0|$)/.exec(text) ?? [];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  return /^ *(?:\0|$)/.test(text) ? 0 : undefined;
}

function binaryIn(field: Uint8Array): number | undefined {
  let value = (field[0] ?? 0) & 0x7f;
  for (const byte of field.subarray(1)) {
    value = value * 256 + byte;
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return value;
}
