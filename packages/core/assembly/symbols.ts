import { symbolTables } from "./layout";

/** The symbols for lengths and distances, and their extra bits (RFC 1951, 3.2.5). */

export const minLength: u32 = 3;
export const maxLength: u32 = 258;
export const maxDistance: u32 = 32768;

export const literals: u32 = 256;
export const endOfBlock: u32 = 256;
export const firstLength: u32 = 257;
export const literalSymbols: u32 = 286;
export const distanceSymbols: u32 = 30;

const lengthSymbols: u32 = literalSymbols - firstLength;
const symbolOfLength: usize = symbolTables;
const symbolOfDistance: usize = symbolOfLength + 256;
const lengthBases: usize = symbolOfDistance + 512;
const distanceBases: usize = lengthBases + 4 * 32;

export function initSymbols(): void {
  let length = minLength;
  for (let symbol: u32 = 0; symbol < lengthSymbols; symbol++) {
    // The maximum length has its own symbol, although the previous symbol could represent it.
    if (symbol == lengthSymbols - 1) length = maxLength;
    store<u32>(lengthBases + 4 * symbol, length);
    const next = length + (1 << extraBitsOfLength(symbol));
    for (; length < next; length++)
      store<u8>(symbolOfLength + length - minLength, <u8>(firstLength + symbol - 256));
  }
  let distance: u32 = 1;
  for (let symbol: u32 = 0; symbol < distanceSymbols; symbol++) {
    store<u32>(distanceBases + 4 * symbol, distance);
    const next = distance + (1 << extraBitsOfDistance(symbol));
    for (; distance < next; distance++) store<u8>(distanceIndex(distance), <u8>symbol);
  }
}

export function lengthSymbol(length: u32): u32 {
  return 256 + <u32>load<u8>(symbolOfLength + length - minLength);
}

/** The extra bits: the difference to the minimum length of the symbol. */
export function lengthExtra(symbol: u32, length: u32): u32 {
  return length - load<u32>(lengthBases + 4 * (symbol - firstLength));
}

/** The number of extra bits of a length symbol. */
export function lengthExtraBits(symbol: u32): u32 {
  return extraBitsOfLength(symbol - firstLength);
}

export function distanceSymbol(distance: u32): u32 {
  return <u32>load<u8>(distanceIndex(distance));
}

export function distanceExtra(symbol: u32, distance: u32): u32 {
  return distance - load<u32>(distanceBases + 4 * symbol);
}

export function distanceExtraBits(symbol: u32): u32 {
  return extraBitsOfDistance(symbol);
}

function extraBitsOfLength(at: u32): u32 {
  return at < 8 || at == lengthSymbols - 1 ? 0 : (at >> 2) - 1;
}

function extraBitsOfDistance(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >> 1) - 1;
}

/** The symbols of large distances start at multiples of 128. */
function distanceIndex(distance: u32): usize {
  const before: usize = distance - 1;
  return symbolOfDistance + (before < 256 ? before : 256 + (before >> 7));
}
