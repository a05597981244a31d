import type { BitReader } from "./bit-reader.ts";
import { readCodeTable, readSymbol } from "./bzip2-codes.ts";
import type { CodeTable } from "./bzip2-codes.ts";

/** The number of symbols that share one code table. */
const groupSize = 50;

/** A decoded block: bytes in the order of the Burrows-Wheeler transform. */
export interface Bzip2Block {
  /** Each entry holds a byte in its low 8 bits, and the index of the next byte above. */
  readonly links: Uint32Array;
  readonly size: number;
  /** The index of the first byte. */
  readonly origin: number;
}

/** Reads a block after its checksum. The capacity of the block is the length of `links`. @throws Error */
export function readBzip2Block(bits: BitReader, links: Uint32Array): Bzip2Block {
  if (bits.bit())
    throw new Error("bzip2: randomised blocks are not supported; compress the data again");
  const origin = bits.bits(24);
  const used = usedBytes(bits);
  const endOfBlock = used.length + 1;
  const tableCount = bits.bits(3);
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => readCodeTable(bits, endOfBlock + 1));
  const counts = new Uint32Array(256);
  const size = readBytes(bits, { used, selectors, tables, endOfBlock }, links, counts);
  if (origin >= size) throw new Error("bzip2: the origin of a block is out of range");
  link(links, size, counts);
  return { links, size, origin };
}

interface Codes {
  readonly used: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly CodeTable[];
  readonly endOfBlock: number;
}

/**
 * Decodes the symbols, run lengths and move-to-front positions. Writes the bytes to `links`, counts them in `counts`,
 * and returns their number.
 */
function readBytes(
  bits: BitReader,
  { used, selectors, tables, endOfBlock }: Codes,
  links: Uint32Array,
  counts: Uint32Array,
): number {
  const recent = used.slice();
  const capacity = links.length;
  let size = 0;
  let run = 0;
  let weight = 1;
  for (const selector of selectors) {
    const table = tables[selector];
    if (table === undefined) throw new Error("bzip2: the index of a code table is out of range");
    for (let left = groupSize; left > 0; left--) {
      const symbol = readSymbol(bits, table);
      if (symbol <= 1) {
        run += weight << symbol;
        weight <<= 1;
        if (size + run > capacity) throw new Error("bzip2: a block is larger than allowed");
        continue;
      }
      if (run > 0) {
        const byte = recent[0] ?? 0;
        links.fill(byte, size, size + run);
        size += run;
        counts[byte] = (counts[byte] ?? 0) + run;
        run = 0;
        weight = 1;
      }
      if (symbol === endOfBlock) return size;
      if (size === capacity) throw new Error("bzip2: a block is larger than allowed");
      const byte = toFront(recent, symbol - 1);
      links[size++] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  }
  throw new Error("bzip2: a block has no end marker");
}

function toFront(recent: Uint8Array, at: number): number {
  const byte = recent[at] ?? 0;
  // Most distances are short; for these a loop is faster.
  if (at > 24) recent.copyWithin(1, 0, at);
  else for (let to = at; to > 0; to--) recent[to] = recent[to - 1] ?? 0;
  recent[0] = byte;
  return byte;
}

/** Reads the bytes that occur in the block: a bitmap of 16 ranges, then a bitmap of 16 bytes for each range in use. */
function usedBytes(bits: BitReader): Uint8Array {
  const ranges = bits.bits(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const inRange = bits.bits(16);
    for (let at = 0; at < 16; at++)
      if ((inRange & (0x8000 >> at)) !== 0) used.push(range * 16 + at);
  }
  if (used.length === 0) throw new Error("bzip2: a block uses no bytes");
  return Uint8Array.from(used);
}

/** Reads the code table of each group of symbols, encoded as a move-to-front position. */
function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const count = bits.bits(15);
  if (tableCount < 2 || tableCount > 6 || count === 0)
    throw new Error("bzip2: invalid number of code tables");
  const recent = Uint8Array.from({ length: tableCount }, (_, at) => at);
  return Uint8Array.from({ length: count }, () => {
    let at = 0;
    while (bits.bit()) {
      if (++at === tableCount) throw new Error("bzip2: the index of a code table is out of range");
    }
    return toFront(recent, at);
  });
}

/** Inverts the transform: the sorted bytes are its first column, and each entry receives the index of its successor. */
function link(links: Uint32Array, size: number, counts: Uint32Array): void {
  const next = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++)
    next[byte] = (next[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  for (let at = 0; at < size; at++) {
    const byte = (links[at] ?? 0) & 0xff;
    const index = next[byte] ?? 0;
    next[byte] = index + 1;
    links[index] = (links[index] ?? 0) | (at << 8);
  }
}
