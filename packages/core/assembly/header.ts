import { putBits } from "./bits";
import { buildCode, clearCode, codedSize, codewordOf, countSymbol, lengthOf } from "./code";
import { codeLengthCode, distanceCode, headerSymbols, literalCode } from "./layout";
import { distanceSymbols, firstLength, literalSymbols } from "./symbols";

/** The header of a block: the code lengths of its two codes, written with a third code (RFC 1951, 3.2.7). */

const symbols: u32 = 19;
const maxBits: u32 = 7;
const repeat: u32 = 16;
const zeroRun: u32 = 17;
const longZeroRun: u32 = 18;

/** The order of the lengths of the third code. */
const order = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

let literalCount: u32 = 0;
let distanceCount: u32 = 0;
let codeLengthCount: u32 = 0;
/** The end of the pairs of a header symbol and its extra bits. */
let headerSymbolsEnd: usize = 0;

/** Prepares the header and returns its size in bits. */
export function prepareHeader(): u32 {
  literalCount = trimmedCount(literalCode, literalSymbols, firstLength);
  distanceCount = trimmedCount(distanceCode, distanceSymbols, 1);
  clearCode(codeLengthCode, symbols);
  headerSymbolsEnd = headerSymbols;
  const all = literalCount + distanceCount;
  for (let at: u32 = 0; at < all;) {
    const length = lengthAt(at);
    let run: u32 = 1;
    while (at + run < all && lengthAt(at + run) == length) run++;
    at += run;
    addRun(length, run);
  }
  buildCode(codeLengthCode, symbols, maxBits);
  codeLengthCount = symbols;
  while (codeLengthCount > 4 && lengthOf(codeLengthCode, orderedSymbol(codeLengthCount - 1)) == 0)
    codeLengthCount--;
  return 3 + 5 + 5 + 4 + 3 * codeLengthCount + codedSize(codeLengthCode, symbols) + allExtraBits();
}

export function putHeader(): void {
  const dynamic: u32 = 2;
  putBits(dynamic << 1, 3);
  putBits(literalCount - firstLength, 5);
  putBits(distanceCount - 1, 5);
  putBits(codeLengthCount - 4, 4);
  for (let at: u32 = 0; at < codeLengthCount; at++)
    putBits(lengthOf(codeLengthCode, orderedSymbol(at)), 3);
  for (let at = headerSymbols; at < headerSymbolsEnd; at += 2) {
    const symbol = <u32>load<u8>(at);
    const codeword = codewordOf(codeLengthCode, symbol);
    putBits(codeword & 0xffff, codeword >> 16);
    putBits(<u32>load<u8>(at + 1), extraBits(symbol));
  }
}

/** The number of symbols without unused ones at the end. */
function trimmedCount(code: usize, all: u32, minCount: u32): u32 {
  while (all > minCount && lengthOf(code, all - 1) == 0) all--;
  return all;
}

function lengthAt(at: u32): u32 {
  return at < literalCount ? lengthOf(literalCode, at) : lengthOf(distanceCode, at - literalCount);
}

function addRun(length: u32, run: u32): void {
  if (length == 0) {
    for (; run >= 11; run -= min<u32>(run, 138)) addSymbol(longZeroRun, min<u32>(run, 138) - 11);
    if (run >= 3) {
      addSymbol(zeroRun, run - 3);
      return;
    }
  } else if (run >= 4) {
    addSymbol(length, 0);
    for (run--; run >= 3; run -= min<u32>(run, 6)) addSymbol(repeat, min<u32>(run, 6) - 3);
  }
  for (; run > 0; run--) addSymbol(length, 0);
}

function addSymbol(symbol: u32, extra: u32): void {
  countSymbol(codeLengthCode, symbol);
  store<u8>(headerSymbolsEnd, <u8>symbol);
  store<u8>(headerSymbolsEnd + 1, <u8>extra);
  headerSymbolsEnd += 2;
}

function extraBits(symbol: u32): u32 {
  return symbol == repeat ? 2 : symbol == zeroRun ? 3 : symbol == longZeroRun ? 7 : 0;
}

function allExtraBits(): u32 {
  let bits: u32 = 0;
  for (let at = headerSymbols; at < headerSymbolsEnd; at += 2) bits += extraBits(<u32>load<u8>(at));
  return bits;
}

function orderedSymbol(at: u32): u32 {
  return <u32>load<u8>(order + at);
}
