import { put } from "./bits";
import { chooseCode, clearCode, costOf, count, lengthOf, wordOf } from "./code";
import { distanceCode, lengthCode, literalCode, told } from "./layout";
import { distanceSymbols, firstLength, literalSymbols } from "./symbols";

/** How a block tells its codes: the lengths of their words, written with a third code (RFC 1951, 3.2.7). */

const symbols: u32 = 19;
const mostBits: u32 = 7;
const repeat: u32 = 16;
const zeros: u32 = 17;
const manyZeros: u32 = 18;

/** The order in which the lengths of the third code are told. */
const order = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

let literalsTold: u32 = 0;
let distancesTold: u32 = 0;
let lengthsTold: u32 = 0;
/** Symbols, and what follows each. */
let toldEnd: usize = 0;

/** Says how many bits the header takes. */
export function prepareHeader(): u32 {
  literalsTold = without(literalCode, literalSymbols, firstLength);
  distancesTold = without(distanceCode, distanceSymbols, 1);
  clearCode(lengthCode, symbols);
  toldEnd = told;
  const all = literalsTold + distancesTold;
  for (let at: u32 = 0; at < all;) {
    const length = lengthAt(at);
    let run: u32 = 1;
    while (at + run < all && lengthAt(at + run) == length) run++;
    at += run;
    tell(length, run);
  }
  chooseCode(lengthCode, symbols, mostBits);
  lengthsTold = symbols;
  while (lengthsTold > 4 && lengthOf(lengthCode, inOrder(lengthsTold - 1)) == 0) lengthsTold--;
  return 3 + 5 + 5 + 4 + 3 * lengthsTold + costOf(lengthCode, symbols) + bitsAfterAll();
}

export function putHeader(): void {
  const dynamic: u32 = 2;
  put(dynamic << 1, 3);
  put(literalsTold - firstLength, 5);
  put(distancesTold - 1, 5);
  put(lengthsTold - 4, 4);
  for (let at: u32 = 0; at < lengthsTold; at++) put(lengthOf(lengthCode, inOrder(at)), 3);
  for (let at = told; at < toldEnd; at += 2) {
    const symbol = <u32>load<u8>(at);
    const word = wordOf(lengthCode, symbol);
    put(word & 0xffff, word >> 16);
    put(<u32>load<u8>(at + 1), bitsAfter(symbol));
  }
}

/** How many symbols there are without those at the end that do not occur. */
function without(code: usize, all: u32, least: u32): u32 {
  while (all > least && lengthOf(code, all - 1) == 0) all--;
  return all;
}

function lengthAt(at: u32): u32 {
  return at < literalsTold ? lengthOf(literalCode, at) : lengthOf(distanceCode, at - literalsTold);
}

function tell(length: u32, run: u32): void {
  if (length == 0) {
    for (; run >= 11; run -= min<u32>(run, 138)) tellSymbol(manyZeros, min<u32>(run, 138) - 11);
    if (run >= 3) {
      tellSymbol(zeros, run - 3);
      return;
    }
  } else if (run >= 4) {
    tellSymbol(length, 0);
    for (run--; run >= 3; run -= min<u32>(run, 6)) tellSymbol(repeat, min<u32>(run, 6) - 3);
  }
  for (; run > 0; run--) tellSymbol(length, 0);
}

function tellSymbol(symbol: u32, following: u32): void {
  count(lengthCode, symbol);
  store<u8>(toldEnd, <u8>symbol);
  store<u8>(toldEnd + 1, <u8>following);
  toldEnd += 2;
}

function bitsAfter(symbol: u32): u32 {
  return symbol == repeat ? 2 : symbol == zeros ? 3 : symbol == manyZeros ? 7 : 0;
}

function bitsAfterAll(): u32 {
  let bits: u32 = 0;
  for (let at = told; at < toldEnd; at += 2) bits += bitsAfter(<u32>load<u8>(at));
  return bits;
}

function inOrder(at: u32): u32 {
  return <u32>load<u8>(order + at);
}
