import type { BitReader } from "./bit-reader.ts";
import { readCodeTable, readSymbol } from "./bzip2-codes.ts";
import type { CodeTable } from "./bzip2-codes.ts";

/** So many symbols share one table of codes. */
const groupSize = 50;

/** What is left of a block when its codes are read: bytes in the order of a Burrows-Wheeler transform. */
export interface Bzip2Block {
  /** Each holds a byte, and above it where the byte after that one is. */
  readonly links: Uint32Array;
  readonly size: number;
  /** Where the first one is found. */
  readonly origin: number;
}

/** Reads what follows the checksum of a block of up to `capacity` bytes. @throws Error */
export function readBzip2Block(bits: BitReader, links: Uint32Array): Bzip2Block {
  if (bits.bit()) throw new Error("bzip2: a block is randomised, as programs before 1997 wrote it");
  const origin = bits.bits(24);
  const used = usedBytes(bits);
  const endOfBlock = used.length + 1;
  const tableCount = bits.bits(3);
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => readCodeTable(bits, endOfBlock + 1));
  const counts = new Uint32Array(256);
  const size = readBytes(bits, { used, selectors, tables, endOfBlock }, links, counts);
  if (origin >= size) throw new Error("bzip2: a block begins nowhere");
  link(links, size, counts);
  return { links, size, origin };
}

interface Codes {
  readonly used: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly CodeTable[];
  readonly endOfBlock: number;
}

/** Undoes the codes, the runs and the move-to-front; the bytes are put into `links`, and counted. How many there are. */
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
    if (table === undefined) throw new Error("bzip2: a table that is not there");
    for (let left = groupSize; left > 0; left--) {
      const symbol = readSymbol(bits, table);
      if (symbol <= 1) {
        run += weight << symbol;
        weight <<= 1;
        if (size + run > capacity) throw new Error("bzip2: a block is larger than it may be");
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
      if (size === capacity) throw new Error("bzip2: a block is larger than it may be");
      const byte = toFront(recent, symbol - 1);
      links[size++] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  }
  throw new Error("bzip2: a block does not end");
}

function toFront(recent: Uint8Array, at: number): number {
  const byte = recent[at] ?? 0;
  // Most are few, and then a loop is faster.
  if (at > 24) recent.copyWithin(1, 0, at);
  else for (let to = at; to > 0; to--) recent[to] = recent[to - 1] ?? 0;
  recent[0] = byte;
  return byte;
}

/** 16 ranges of 16 bytes, of which those in use are told. */
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

/** Which table each group of symbols has, written as how long ago it was used last. */
function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const count = bits.bits(15);
  if (tableCount < 2 || tableCount > 6 || count === 0)
    throw new Error("bzip2: a wrong number of tables");
  const recent = Uint8Array.from({ length: tableCount }, (_, at) => at);
  return Uint8Array.from({ length: count }, () => {
    let at = 0;
    while (bits.bit()) {
      if (++at === tableCount) throw new Error("bzip2: a table that is not there");
    }
    return toFront(recent, at);
  });
}

/** Sorted, the bytes are the first column of the transform; each is told where its successor is. */
function link(links: Uint32Array, size: number, counts: Uint32Array): void {
  const next = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++)
    next[byte] = (next[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  for (let at = 0; at < size; at++) {
    const byte = (links[at] ?? 0) & 0xff;
    const place = next[byte] ?? 0;
    next[byte] = place + 1;
    links[place] = (links[place] ?? 0) | (at << 8);
  }
}
