import { begin, outputEnd, putStored } from "./bits";
import { putBlock, storeSequence } from "./block";
import {
  input,
  longHashBits,
  longTable,
  maxSequences,
  output,
  sequences,
  sequenceSize,
  shortHashBits,
  shortTable,
  tablesSize,
} from "./layout";
import { initSymbols, maxDistance, maxLength } from "./symbols";

export { input, output };

/** The last bytes are not searched for matches, because a search reads eight bytes at once. */
const lookahead: usize = 16;
/** Skips one more byte for every 2^`skipBits` bytes without a match. */
const skipBits: u32 = 8;
/** With a match of this length, the next byte is not searched for a longer one. */
const goodLength: u32 = 48;
const maxBlockSize: usize = 1 << 18;

initSymbols();

/**
 * Deflates `size` bytes at `input`, at most 1 MiB, and returns the size of the result at `output` (RFC 1951). The result
 * ends at a byte boundary, and no block has the final flag.
 */
export function deflate(size: usize): usize {
  memory.fill(shortTable, 0, tablesSize);
  begin(output);
  const stop = input + size;
  const searchEnd = size > lookahead ? stop - lookahead : input;
  let blockStart = input;
  let sequence = sequences;
  /** The end of the bytes that are in sequences. */
  let emitted = input;
  for (let here = input; here < searchEnd;) {
    let at = here;
    let match = findMatch(at, stop);
    if (match == 0) {
      here += 1 + ((here - emitted) >> skipBits);
      continue;
    }
    if (lengthIn(match) < goodLength) {
      const next = findLazyMatch(at + 1, stop);
      if (lengthIn(next) > lengthIn(match)) {
        match = next;
        at++;
      }
    }
    const distance = distanceIn(match);
    let length = lengthIn(match);
    for (; at > emitted && length < maxLength && isSameByteBefore(at, distance); at--) length++;
    storeSequence(sequence, at - emitted, length, distance);
    sequence += sequenceSize;
    emitted = at + length;
    const indexedEnd = min<usize>(emitted, searchEnd);
    for (here++; here < indexedEnd; here++) index(here);
    here = emitted;
    if (
      sequence == sequences + sequenceSize * maxSequences ||
      emitted - blockStart > maxBlockSize
    ) {
      putBlock(blockStart, emitted, sequence);
      blockStart = emitted;
      sequence = sequences;
    }
  }
  if (blockStart < stop) putBlock(blockStart, stop, sequence);
  putStored(stop, 0);
  return outputEnd - output;
}

/** A match has its length in the lower 16 bits and its distance in the upper 16 bits; 0 means no match. */
function lengthIn(match: u32): u32 {
  return match & 0xffff;
}

function distanceIn(match: u32): u32 {
  return match >> 16;
}

/** Finds the longest match with at least seven bytes, else the last one with four. Adds the position to the tables. */
function findMatch(at: usize, stop: usize): u32 {
  const bytes = load<u64>(at);
  const short = shortEntry(bytes);
  const long = longEntry(bytes);
  const last = <u32>load<u16>(short);
  const positions = load<u32>(long);
  const older = positions >> 16;
  store<u16>(short, <u16>at);
  store<u32>(long, (positions << 16) | (<u32>at & 0xffff));
  let match: u32 = startsAlike(at, positions) ? matchAt(at, positions, stop) : 0;
  if (startsAlike(at, older)) match = longer(match, matchAt(at, older, stop));
  if (match == 0 && startsAlike(at, last)) match = matchAt(at, last, stop);
  return match;
}

/** Finds a match one byte later, which must be longer to be used. */
function findLazyMatch(at: usize, stop: usize): u32 {
  const bytes = load<u64>(at);
  const position = load<u32>(longEntry(bytes));
  const last = <u32>load<u16>(shortEntry(bytes));
  let match: u32 = startsAlike(at, position) ? matchAt(at, position, stop) : 0;
  if (startsAlike(at, last)) match = longer(match, matchAt(at, last, stop));
  return match;
}

function longer(one: u32, other: u32): u32 {
  return lengthIn(other) > lengthIn(one) ? other : one;
}

function index(at: usize): void {
  const bytes = load<u64>(at);
  store<u16>(shortEntry(bytes), <u16>at);
  const long = longEntry(bytes);
  store<u32>(long, (load<u32>(long) << 16) | (<u32>at & 0xffff));
}

function shortEntry(bytes: u64): usize {
  return shortTable + (((<u32>bytes * 0x9e37_79b1) >> (32 - shortHashBits)) << 1);
}

function longEntry(bytes: u64): usize {
  const hash = ((bytes << 8) * 0x9e37_79b9_7f4a_7c15) >> (64 - longHashBits);
  return longTable + ((<usize>hash) << 2);
}

/** The tables contain only the lower half of positions. */
function distanceTo(position: u32, at: usize): u32 {
  return (<u32>at - position) & 0xffff;
}

/** Whether four bytes are the same. Separate from `matchAt`, which is called for few positions. */
function startsAlike(at: usize, position: u32): bool {
  return load<u32>(at - distanceTo(position, at)) == load<u32>(at);
}

/** The match at a position; 0 if the position is too far away. */
function matchAt(at: usize, position: u32, stop: usize): u32 {
  const distance = distanceTo(position, at);
  const before = at - distance;
  if (distance - 1 >= maxDistance || before < input) return 0;
  return (distance << 16) | matchLength(at, before, min<usize>(at + maxLength, stop));
}

function matchLength(at: usize, before: usize, stop: usize): u32 {
  const start = at;
  for (; at + 8 <= stop; at += 8) {
    const difference = load<u64>(at) ^ load<u64>(before);
    if (difference != 0) return <u32>(at - start) + <u32>(ctz(difference) >> 3);
    before += 8;
  }
  for (; at < stop && load<u8>(at) == load<u8>(before); at++) before++;
  return <u32>(at - start);
}

function isSameByteBefore(at: usize, distance: usize): bool {
  return at - distance > input && load<u8>(at - 1) == load<u8>(at - 1 - distance);
}
