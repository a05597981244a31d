import { begin, end as written, putStored } from "./bits";
import { noteSequence, putBlock } from "./block";
import {
  input,
  longHashBits,
  longTable,
  mostSequences,
  output,
  sequences,
  sequenceSize,
  shortHashBits,
  shortTable,
  tablesSize,
} from "./layout";
import { initSymbols, mostDistance, mostLength } from "./symbols";

export { input, output };

/** Not looked at for matches, since eight bytes are read at once. */
const tail: usize = 16;
/** Where nothing was found for so many bytes, one more is passed over each time. */
const patienceBits: u32 = 8;
/** Nothing longer is looked for one byte further on. */
const longEnough: u32 = 48;
const mostInBlock: usize = 1 << 18;

initSymbols();

/**
 * Deflates so many bytes at `input`, at most 1 MiB, and gives how many that makes at `output` (RFC 1951). They end at a
 * whole byte; no block says that it is the last.
 */
export function deflate(size: usize): usize {
  memory.fill(shortTable, 0, tablesSize);
  begin(output);
  const stop = input + size;
  const searched = size > tail ? stop - tail : input;
  let blockStart = input;
  let sequence = sequences;
  /** Up to there all is in sequences. */
  let done = input;
  for (let here = input; here < searched;) {
    let at = here;
    let found = firstMatch(at, stop);
    if (found == 0) {
      here += 1 + ((here - done) >> patienceBits);
      continue;
    }
    if (lengthIn(found) < longEnough) {
      const next = nextMatch(at + 1, stop);
      if (lengthIn(next) > lengthIn(found)) {
        found = next;
        at++;
      }
    }
    const distance = distanceIn(found);
    let length = lengthIn(found);
    for (; at > done && length < mostLength && isSameBefore(at, distance); at--) length++;
    noteSequence(sequence, at - done, length, distance);
    sequence += sequenceSize;
    done = at + length;
    const remembered = min<usize>(done, searched);
    for (here++; here < remembered; here++) remember(here);
    here = done;
    if (sequence == sequences + sequenceSize * mostSequences || done - blockStart > mostInBlock) {
      putBlock(blockStart, done, sequence);
      blockStart = done;
      sequence = sequences;
    }
  }
  if (blockStart < stop) putBlock(blockStart, stop, sequence);
  putStored(stop, 0);
  return written - output;
}

/** A match: its length, and above that its distance; 0 for none. */
function lengthIn(match: u32): u32 {
  return match & 0xffff;
}

function distanceIn(match: u32): u32 {
  return match >> 16;
}

/** The longest with seven bytes, else the last one with four. The place is remembered for matches with it. */
function firstMatch(at: usize, stop: usize): u32 {
  const bytes = load<u64>(at);
  const short = shortEntry(bytes);
  const long = longEntry(bytes);
  const last = <u32>load<u16>(short);
  const places = load<u32>(long);
  const older = places >> 16;
  store<u16>(short, <u16>at);
  store<u32>(long, (places << 16) | (<u32>at & 0xffff));
  let match: u32 = isLike(at, places) ? matchWith(at, places, stop) : 0;
  if (isLike(at, older)) match = longer(match, matchWith(at, older, stop));
  if (match == 0 && isLike(at, last)) match = matchWith(at, last, stop);
  return match;
}

/** One byte further on, where only what is longer is of use. */
function nextMatch(at: usize, stop: usize): u32 {
  const bytes = load<u64>(at);
  const place = load<u32>(longEntry(bytes));
  const last = <u32>load<u16>(shortEntry(bytes));
  let match: u32 = isLike(at, place) ? matchWith(at, place, stop) : 0;
  if (isLike(at, last)) match = longer(match, matchWith(at, last, stop));
  return match;
}

function longer(one: u32, other: u32): u32 {
  return lengthIn(other) > lengthIn(one) ? other : one;
}

function remember(at: usize): void {
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

/** Of a place the lower half is known. */
function distanceTo(place: u32, at: usize): u32 {
  return (<u32>at - place) & 0xffff;
}

/** Whether four bytes are the same; not part of `matchWith`, which is called for few places. */
function isLike(at: usize, place: u32): bool {
  return load<u32>(at - distanceTo(place, at)) == load<u32>(at);
}

/** Where it is not out of reach. */
function matchWith(at: usize, place: u32, stop: usize): u32 {
  const distance = distanceTo(place, at);
  const before = at - distance;
  if (distance - 1 >= mostDistance || before < input) return 0;
  return (distance << 16) | sameBytes(at, before, min<usize>(at + mostLength, stop));
}

function sameBytes(at: usize, before: usize, stop: usize): u32 {
  const start = at;
  for (; at + 8 <= stop; at += 8) {
    const difference = load<u64>(at) ^ load<u64>(before);
    if (difference != 0) return <u32>(at - start) + <u32>(ctz(difference) >> 3);
    before += 8;
  }
  for (; at < stop && load<u8>(at) == load<u8>(before); at++) before++;
  return <u32>(at - start);
}

function isSameBefore(at: usize, distance: usize): bool {
  return at - distance > input && load<u8>(at - 1) == load<u8>(at - 1 - distance);
}
