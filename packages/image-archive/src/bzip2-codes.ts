import type { BitReader } from "./bit-reader.ts";

const longestCode = 20;

/** The codes of one table of a bzip2 block: symbols by the order of their codes, and where each length ends. */
export interface CodeTable {
  /** Of each length: the highest code, or -1. */
  readonly limits: Int32Array;
  /** Of each length: what to subtract from a code to get the place of its symbol. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
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
export function readSymbol(bits: BitReader, { limits, bases, symbols }: CodeTable): number {
  let code = 0;
  for (let length = 1; length <= longestCode; length++) {
    code = (code << 1) | bits.bits(1);
    if (code <= (limits[length] ?? -1)) {
      const symbol = symbols[code - (bases[length] ?? 0)];
      if (symbol !== undefined) return symbol;
      break;
    }
  }
  throw new Error("bzip2: a code that means nothing");
}

function tableOf(lengths: Uint8Array): CodeTable {
  const limits = new Int32Array(longestCode + 1).fill(-1);
  const bases = new Int32Array(longestCode + 1);
  const symbols = new Uint16Array(lengths.length);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= longestCode; length++) {
    bases[length] = code - place;
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      symbols[place++] = symbol;
      limits[length] = code++;
    }
    code <<= 1;
  }
  return { limits, bases, symbols };
}
