import { symbolTables } from "./layout";

/** The symbols for lengths and distances, and the bits that follow them (RFC 1951, 3.2.5). */

export const leastLength: u32 = 3;
export const mostLength: u32 = 258;
export const mostDistance: u32 = 32768;

export const literals: u32 = 256;
export const endOfBlock: u32 = 256;
export const firstLength: u32 = 257;
export const literalSymbols: u32 = 286;
export const distanceSymbols: u32 = 30;

const lengthSymbols: u32 = literalSymbols - firstLength;
const symbolOfLength: usize = symbolTables;
const symbolOfDistance: usize = symbolOfLength + 256;
const leastOfLengths: usize = symbolOfDistance + 512;
const leastOfDistances: usize = leastOfLengths + 4 * 32;

export function initSymbols(): void {
  let length = leastLength;
  for (let symbol: u32 = 0; symbol < lengthSymbols; symbol++) {
    // The longest has a symbol of its own, and is the last of the one before.
    if (symbol == lengthSymbols - 1) length = mostLength;
    store<u32>(leastOfLengths + 4 * symbol, length);
    const next = length + (1 << extraOfLength(symbol));
    for (; length < next; length++)
      store<u8>(symbolOfLength + length - leastLength, <u8>(firstLength + symbol - 256));
  }
  let distance: u32 = 1;
  for (let symbol: u32 = 0; symbol < distanceSymbols; symbol++) {
    store<u32>(leastOfDistances + 4 * symbol, distance);
    const next = distance + (1 << extraOfDistance(symbol));
    for (; distance < next; distance++) store<u8>(placeOfDistance(distance), <u8>symbol);
  }
}

export function lengthSymbol(length: u32): u32 {
  return 256 + <u32>load<u8>(symbolOfLength + length - leastLength);
}

/** How far it is above the least length of its symbol. */
export function aboveLength(symbol: u32, length: u32): u32 {
  return length - load<u32>(leastOfLengths + 4 * (symbol - firstLength));
}

/** Bits that follow the symbol of a length. */
export function bitsAfterLength(symbol: u32): u32 {
  return extraOfLength(symbol - firstLength);
}

export function distanceSymbol(distance: u32): u32 {
  return <u32>load<u8>(placeOfDistance(distance));
}

export function aboveDistance(symbol: u32, distance: u32): u32 {
  return distance - load<u32>(leastOfDistances + 4 * symbol);
}

export function bitsAfterDistance(symbol: u32): u32 {
  return extraOfDistance(symbol);
}

function extraOfLength(at: u32): u32 {
  return at < 8 || at == lengthSymbols - 1 ? 0 : (at >> 2) - 1;
}

function extraOfDistance(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >> 1) - 1;
}

/** The symbols of far distances begin at multiples of 128. */
function placeOfDistance(distance: u32): usize {
  const before: usize = distance - 1;
  return symbolOfDistance + (before < 256 ? before : 256 + (before >> 7));
}
