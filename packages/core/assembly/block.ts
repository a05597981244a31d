import { bitBuffer, bitCount, outputEnd, putStored, restore } from "./bits";
import { buildCode, clearCode, codedSize, codewordOf, countSymbol, frequencyOf } from "./code";
import { prepareHeader, putHeader } from "./header";
import { distanceCode, literalCode, sequences, sequenceSize } from "./layout";
import {
  distanceExtra,
  distanceExtraBits,
  distanceSymbol,
  distanceSymbols,
  endOfBlock,
  firstLength,
  lengthExtra,
  lengthExtraBits,
  lengthSymbol,
  literalSymbols,
} from "./symbols";

/** The codewords of four literals fit into the bit buffer. */
const maxLiteralBits: u32 = 14;
const maxDistanceBits: u32 = 15;

/** Stores a sequence: a number of literals, then a match. */
export function storeSequence(at: usize, literals: usize, length: u32, distance: u32): void {
  store<u32>(at, <u32>literals);
  store<u16>(at + 4, <u16>length);
  store<u16>(at + 6, <u16>distance);
}

/** Writes the bytes as the sequences up to `last`, followed by literals, or as stored blocks if that is shorter. */
export function putBlock(from: usize, to: usize, last: usize): void {
  countSymbols(from, to, last);
  buildCode(literalCode, literalSymbols, maxLiteralBits);
  buildCode(distanceCode, distanceSymbols, maxDistanceBits);
  if ((prepareHeader() + blockBits()) >> 3 >= <u32>(to - from)) {
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
    for (; from < literals; from++) countSymbol(literalCode, <u32>load<u8>(from));
    const length = <u32>load<u16>(at + 4);
    countSymbol(literalCode, lengthSymbol(length));
    countSymbol(distanceCode, distanceSymbol(<u32>load<u16>(at + 6)));
    from += length;
  }
  for (; from < to; from++) countSymbol(literalCode, <u32>load<u8>(from));
  countSymbol(literalCode, endOfBlock);
}

function blockBits(): u32 {
  let bits = codedSize(literalCode, literalSymbols) + codedSize(distanceCode, distanceSymbols);
  for (let symbol = firstLength; symbol < literalSymbols; symbol++)
    bits += frequencyOf(literalCode, symbol) * lengthExtraBits(symbol);
  for (let symbol: u32 = 0; symbol < distanceSymbols; symbol++)
    bits += frequencyOf(distanceCode, symbol) * distanceExtraBits(symbol);
  return bits;
}

/** Like `putBits`, but with its state in local variables, because this loop is the hottest. */
function putSequences(from: usize, to: usize, last: usize): void {
  let bits = bitBuffer;
  let count = bitCount;
  let at = outputEnd;
  for (let sequence = sequences; ; sequence += sequenceSize) {
    const isEnd = sequence == last;
    const literals = isEnd ? to : from + load<u32>(sequence);
    while (from < literals) {
      const group = min<usize>(from + 4, literals);
      for (; from < group; from++) {
        const codeword = codewordOf(literalCode, <u32>load<u8>(from));
        bits |= (<u64>(codeword & 0xffff)) << count;
        count += codeword >> 16;
      }
      store<u64>(at, bits);
      at += <usize>(count >> 3);
      bits >>= count & 56;
      count &= 7;
    }
    const length = <u32>load<u16>(sequence + 4);
    const symbol = isEnd ? endOfBlock : lengthSymbol(length);
    const codeword = codewordOf(literalCode, symbol);
    bits |= (<u64>(codeword & 0xffff)) << count;
    count += codeword >> 16;
    if (!isEnd) {
      bits |= (<u64>lengthExtra(symbol, length)) << count;
      count += lengthExtraBits(symbol);
      const distance = <u32>load<u16>(sequence + 6);
      const distanceSymbolOfMatch = distanceSymbol(distance);
      const distanceCodeword = codewordOf(distanceCode, distanceSymbolOfMatch);
      bits |= (<u64>(distanceCodeword & 0xffff)) << count;
      count += distanceCodeword >> 16;
      bits |= (<u64>distanceExtra(distanceSymbolOfMatch, distance)) << count;
      count += distanceExtraBits(distanceSymbolOfMatch);
      from += length;
    }
    store<u64>(at, bits);
    at += <usize>(count >> 3);
    bits >>= count & 56;
    count &= 7;
    if (isEnd) break;
  }
  restore(bits, count, at);
}
