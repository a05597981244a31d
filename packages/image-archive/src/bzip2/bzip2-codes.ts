import type { BitReader } from "./bit-reader.ts";

const longestCode = 20;

/** Longer codes are rare. */
const shortCode = 10;

/** The codes of one table of a bzip2 block: symbols by the order of their codes, and where each length ends. */
export interface CodeTable {
  /** Of each length: the highest code, or -1. */
  readonly limits: Int32Array;
  /** Of each length: what to subtract from a code to get the place of its symbol. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  /** Of each beginning of `shortCode` bits: the symbol times 32, and the length of its code; 0 where that is longer. */
  readonly short: Uint16Array;
}

/** The lengths of all codes are written, each as its difference to the one before. */
export function readCodeTable(bits: BitReader, symbolCount: number): CodeTable {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.bits(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    while (bits.bit()) {
      length += bits.bit() ? -1 : 1;
      if (length < 1 || length > longestCode) throw new Error("bzip2: a code of a wrong length");
    }
    if (length < 1 || length > longestCode) throw new Error("bzip2: a code of a wrong length");
    lengths[symbol] = length;
  }
  return tableOf(lengths);
}

/** @throws Error for a code that means nothing */
export function readSymbol(bits: BitReader, { limits, bases, symbols, short }: CodeTable): number {
  const found = short[bits.peek(shortCode)] ?? 0;
  if (found !== 0) {
    bits.skip(found & 31);
    return found >>> 5;
  }
  const start = bits.peek(longestCode);
  for (let length = shortCode + 1; length <= longestCode; length++) {
    const code = start >>> (longestCode - length);
    if (code > (limits[length] ?? -1)) continue;
    bits.skip(length);
    const symbol = symbols[code - (bases[length] ?? 0)];
    if (symbol !== undefined) return symbol;
    break;
  }
  throw new Error("bzip2: a code that means nothing");
}

function tableOf(lengths: Uint8Array): CodeTable {
  const limits = new Int32Array(longestCode + 1).fill(-1);
  const bases = new Int32Array(longestCode + 1);
  const symbols = new Uint16Array(lengths.length);
  const short = new Uint16Array(1 << shortCode);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= longestCode; length++) {
    bases[length] = code - place;
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      const free = shortCode - length;
      if (free >= 0) short.fill((symbol << 5) | length, code << free, (code + 1) << free);
      symbols[place++] = symbol;
      limits[length] = code++;
    }
    code <<= 1;
  }
  return { limits, bases, symbols, short };
}
