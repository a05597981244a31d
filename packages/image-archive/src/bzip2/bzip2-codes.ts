import type { BitReader } from "./bit-reader.ts";

const maxCodeLength = 20;

/** The maximum length of a code in the lookup table. Longer codes are rare. */
const shortCodeLength = 10;

/** A Huffman code table of a bzip2 block: symbols in the order of their codes, and the limit of each code length. */
export interface CodeTable {
  /** By length: the highest code, or -1. */
  readonly limits: Int32Array;
  /** By length: the difference between a code and the index of its symbol. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  /** By prefix of `shortCodeLength` bits: the symbol times 32 plus the length of its code; 0 for longer codes. */
  readonly short: Uint16Array;
}

/** Reads the code lengths, each encoded as the difference from the previous length. */
export function readCodeTable(bits: BitReader, symbolCount: number): CodeTable {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.bits(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    while (bits.bit()) {
      length += bits.bit() ? -1 : 1;
      if (length < 1 || length > maxCodeLength) throw new Error("bzip2: invalid code length");
    }
    if (length < 1 || length > maxCodeLength) throw new Error("bzip2: invalid code length");
    lengths[symbol] = length;
  }
  return tableOf(lengths);
}

/** @throws Error for an unassigned code */
export function readSymbol(bits: BitReader, { limits, bases, symbols, short }: CodeTable): number {
  const found = short[bits.peek(shortCodeLength)] ?? 0;
  if (found !== 0) {
    bits.skip(found & 31);
    return found >>> 5;
  }
  const start = bits.peek(maxCodeLength);
  for (let length = shortCodeLength + 1; length <= maxCodeLength; length++) {
    const code = start >>> (maxCodeLength - length);
    if (code > (limits[length] ?? -1)) continue;
    bits.skip(length);
    const symbol = symbols[code - (bases[length] ?? 0)];
    if (symbol !== undefined) return symbol;
    break;
  }
  throw new Error("bzip2: unassigned code");
}

function tableOf(lengths: Uint8Array): CodeTable {
  const limits = new Int32Array(maxCodeLength + 1).fill(-1);
  const bases = new Int32Array(maxCodeLength + 1);
  const symbols = new Uint16Array(lengths.length);
  const short = new Uint16Array(1 << shortCodeLength);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= maxCodeLength; length++) {
    bases[length] = code - index;
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      const free = shortCodeLength - length;
      if (free >= 0) short.fill((symbol << 5) | length, code << free, (code + 1) << free);
      symbols[index++] = symbol;
      limits[length] = code++;
    }
    code <<= 1;
  }
  return { limits, bases, symbols, short };
}
