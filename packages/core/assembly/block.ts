import { end, pending, pendingCount, putStored, resume } from "./bits";
import { chooseCode, clearCode, costOf, count, frequencyOf, wordOf } from "./code";
import { prepareHeader, putHeader } from "./header";
import { distanceCode, literalCode, sequences, sequenceSize } from "./layout";
import {
  aboveDistance,
  aboveLength,
  bitsAfterDistance,
  bitsAfterLength,
  distanceSymbol,
  distanceSymbols,
  endOfBlock,
  firstLength,
  lengthSymbol,
  literalSymbols,
} from "./symbols";

/** Four words of literals fit between two writes of whole bytes. */
const mostBitsOfLiteral: u32 = 14;
const mostBitsOfDistance: u32 = 15;

/** What follows one sequence: so many literals, then what stood so far before. */
export function noteSequence(at: usize, literals: usize, length: u32, distance: u32): void {
  store<u32>(at, <u32>literals);
  store<u16>(at + 4, <u16>length);
  store<u16>(at + 6, <u16>distance);
}

/** Writes what lies there as the sequences up to `last` say, and literals after them; or as it is, where that is shorter. */
export function putBlock(from: usize, to: usize, last: usize): void {
  countSymbols(from, to, last);
  chooseCode(literalCode, literalSymbols, mostBitsOfLiteral);
  chooseCode(distanceCode, distanceSymbols, mostBitsOfDistance);
  if ((prepareHeader() + bitsOfAll()) >> 3 >= <u32>(to - from)) {
    putStored(from, to - from);
    return;
  }
  putHeader();
  putSequences(from, to, last);
}

function countSymbols(from: usize, to: usize, last: usize): void {
  clearCode(literalCode, literalSymbols);
  clearCode(distanceCode, distanceSymbols);
  for (let at = sequences; at < last; at += sequenceSize) {
    const literals = from + load<u32>(at);
    for (; from < literals; from++) count(literalCode, <u32>load<u8>(from));
    const length = <u32>load<u16>(at + 4);
    count(literalCode, lengthSymbol(length));
    count(distanceCode, distanceSymbol(<u32>load<u16>(at + 6)));
    from += length;
  }
  for (; from < to; from++) count(literalCode, <u32>load<u8>(from));
  count(literalCode, endOfBlock);
}

function bitsOfAll(): u32 {
  let bits = costOf(literalCode, literalSymbols) + costOf(distanceCode, distanceSymbols);
  for (let symbol = firstLength; symbol < literalSymbols; symbol++)
    bits += frequencyOf(literalCode, symbol) * bitsAfterLength(symbol);
  for (let symbol: u32 = 0; symbol < distanceSymbols; symbol++)
    bits += frequencyOf(distanceCode, symbol) * bitsAfterDistance(symbol);
  return bits;
}

/** `put` with its state in variables of its own, where most of the writing is done. */
function putSequences(from: usize, to: usize, last: usize): void {
  let bits = pending;
  let held = pendingCount;
  let at = end;
  for (let sequence = sequences; ; sequence += sequenceSize) {
    const isAfterAll = sequence == last;
    const literals = isAfterAll ? to : from + load<u32>(sequence);
    while (from < literals) {
      const group = min<usize>(from + 4, literals);
      for (; from < group; from++) {
        const word = wordOf(literalCode, <u32>load<u8>(from));
        bits |= (<u64>(word & 0xffff)) << held;
        held += word >> 16;
      }
      store<u64>(at, bits);
      at += <usize>(held >> 3);
      bits >>= held & 56;
      held &= 7;
    }
    const length = <u32>load<u16>(sequence + 4);
    const symbol = isAfterAll ? endOfBlock : lengthSymbol(length);
    const word = wordOf(literalCode, symbol);
    bits |= (<u64>(word & 0xffff)) << held;
    held += word >> 16;
    if (!isAfterAll) {
      bits |= (<u64>aboveLength(symbol, length)) << held;
      held += bitsAfterLength(symbol);
      const distance = <u32>load<u16>(sequence + 6);
      const far = distanceSymbol(distance);
      const farWord = wordOf(distanceCode, far);
      bits |= (<u64>(farWord & 0xffff)) << held;
      held += farWord >> 16;
      bits |= (<u64>aboveDistance(far, distance)) << held;
      held += bitsAfterDistance(far);
      from += length;
    }
    store<u64>(at, bits);
    at += <usize>(held >> 3);
    bits >>= held & 56;
    held &= 7;
    if (isAfterAll) break;
  }
  resume(bits, held, at);
}
