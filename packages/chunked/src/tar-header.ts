/** The size of a tar block in bytes. */
export const blockSize = 512;

/** The fields of a tar header (POSIX.1-1988, POSIX.1-2001 and GNU) as they are in the block. */
export interface TarHeader {
  /** The type flag: `0` a file, `5` a folder, `x` an extended header for the next member, and so on. */
  readonly type: string;
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content. Members without content may have a size, too. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly modifiedAt: number;
  /** Seconds since 1970. Only in headers of GNU tar and star. */
  readonly accessedAt?: number | undefined;
  readonly changedAt?: number | undefined;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Parses a block. Returns undefined if it is not a header. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const number = (start: number, length: number): number =>
    numberIn(block.subarray(start, start + length)) ?? NaN;
  if (!checksumsOf(block).includes(number(148, 8))) return undefined;
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  const isGNU = block.toString("latin1", 257, 265) === "ustar  \0";
  const isStar = isPosix && block.toString("latin1", 508, 512) === "tar\0";
  const prefix = isPosix ? textIn(block, 345, isStar ? 131 : 155) : Buffer.alloc(0);
  const name = textIn(block, 0, 100);
  const hasDevice = isPosix || isGNU;
  const header = {
    type: block.toString("latin1", 156, 157),
    name: prefix.byteLength === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]),
    linkName: textIn(block, 157, 100),
    mode: number(100, 8),
    uid: number(108, 8),
    gid: number(116, 8),
    size: number(124, 12),
    modifiedAt: number(136, 12),
    ...(isStar && { accessedAt: number(476, 12), changedAt: number(488, 12) }),
    ...(isGNU && block[345] !== 0 && { accessedAt: number(345, 12) }),
    ...(isGNU && block[357] !== 0 && { changedAt: number(357, 12) }),
    deviceMajor: hasDevice ? number(329, 8) : 0,
    deviceMinor: hasDevice ? number(337, 8) : 0,
  };
  return Object.values(header).some((field) => Number.isNaN(field)) ? undefined : header;
}

function textIn(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

/** Reads an octal number, or a binary one if the first bit is set. Returns undefined for an invalid or unsafe number. */
function numberIn(field: Buffer): number | undefined {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) return binaryIn(field);
  const text = trimmed(field.toString("latin1"));
  if (text === "") return 0;
  const isOctal = text.split("").every((digit) => digit >= "0" && digit <= "7");
  return isOctal ? Number.parseInt(text, 8) : undefined;
}

/** A binary number of two's complement (GNU). Times before 1970 are negative. */
function binaryIn(field: Buffer): number | undefined {
  const isNegative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = BigInt.asUintN(8 * field.byteLength - 1, BigInt(`0x${field.toString("hex")}`));
  if (isNegative) value = BigInt.asIntN(8 * field.byteLength - 1, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

/** Removes spaces and zeros around a number. */
function trimmed(text: string): string {
  const isPadding = (at: number): boolean => text[at] === " " || text[at] === "\0";
  let start = 0;
  let end = text.length;
  while (start < end && isPadding(start)) start++;
  while (end > start && isPadding(end - 1)) end--;
  return text.slice(start, end);
}

/** The sum of all bytes with the checksum field as spaces, and the same sum of signed bytes, which some programs write. */
function checksumsOf(block: Buffer): readonly [sum: number, signed: number] {
  let sum = 8 * 0x20;
  let negative = 0;
  for (let at = 0; at < blockSize; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    sum += byte;
    if (byte >= 0x80) negative++;
  }
  return [sum, sum - 256 * negative];
}
