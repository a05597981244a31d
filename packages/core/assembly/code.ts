import { scratch } from "./layout";

/**
 * A prefix code (RFC 1951, 3.2.2): for each symbol how often it occurs, and then how it is written: its bits, the first
 * one lowest, and their number above them. One symbol in a code has one bit, for which another gets its opposite.
 */

const frequencies: usize = 0;
const lengths: usize = 4 * 320;
const words: usize = lengths + 320;

export function clearCode(code: usize, symbols: u32): void {
  memory.fill(code + frequencies, 0, 4 * symbols);
}

export function count(code: usize, symbol: u32): void {
  const at = code + frequencies + 4 * symbol;
  store<u32>(at, load<u32>(at) + 1);
}

export function frequencyOf(code: usize, symbol: u32): u32 {
  return load<u32>(code + frequencies + 4 * symbol);
}

/** Of its bits. */
export function lengthOf(code: usize, symbol: u32): u32 {
  return <u32>load<u8>(code + lengths + symbol);
}

/** Its bits, and their number from bit 16 on. */
export function wordOf(code: usize, symbol: u32): u32 {
  return load<u32>(code + words + 4 * symbol);
}

/** Bits that all that was counted takes. */
export function costOf(code: usize, symbols: u32): u32 {
  let cost: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++)
    cost += frequencyOf(code, symbol) * lengthOf(code, symbol);
  return cost;
}

/** Chooses the bits for what was counted, at most so many for a symbol. */
export function chooseCode(code: usize, symbols: u32, most: u32): void {
  memory.fill(code + lengths, 0, symbols);
  const used = sortedByFrequency(code, symbols);
  if (used > 1) {
    makeTree(used);
    chooseLengths(code, used, most);
  } else {
    const only = used == 0 ? 0 : symbolAt(0);
    store<u8>(code + lengths + only, 1);
    store<u8>(code + lengths + (only == 0 ? 1 : 0), 1);
  }
  chooseWords(code, symbols, most);
}

/** Leaves: the symbols that occur, the rarest first, their frequencies above nine bits of symbol. */
const leaves: usize = scratch;
/** Nodes above them as they are made: how much is below each and, once that is known, how deep it lies. */
const nodes: usize = leaves + 4 * 320;
/** Of the leaves. */
const parents: usize = nodes + 4 * 320;
const parentsOfNodes: usize = parents + 4 * 320;
/** How many symbols have so many bits. */
const tally: usize = parentsOfNodes + 4 * 320;

function symbolAt(leaf: u32): u32 {
  return load<u32>(leaves + 4 * leaf) & 511;
}

function sortedByFrequency(code: usize, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const frequency = frequencyOf(code, symbol);
    if (frequency > 0) store<u32>(leaves + 4 * used++, (frequency << 9) | symbol);
  }
  for (let gap = used >> 1; gap > 0; gap >>= 1) {
    for (let at = gap; at < used; at++) {
      const leaf = load<u32>(leaves + 4 * at);
      let to = at;
      for (; to >= gap && load<u32>(leaves + 4 * (to - gap)) > leaf; to -= gap)
        store<u32>(leaves + 4 * to, load<u32>(leaves + 4 * (to - gap)));
      store<u32>(leaves + 4 * to, leaf);
    }
  }
  return used;
}

/** The two rarest of leaves and nodes get a node above them, until there is one; nodes come out in order by themselves. */
function makeTree(used: u32): void {
  let leaf: u32 = 0;
  let node: u32 = 0;
  for (let made: u32 = 0; made < used - 1; made++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const ofLeaf = load<u32>(leaves + 4 * leaf) >> 9;
      if (leaf < used && (node == made || ofLeaf <= load<u32>(nodes + 4 * node))) {
        weight += ofLeaf;
        store<u32>(parents + 4 * leaf++, made);
      } else {
        weight += load<u32>(nodes + 4 * node);
        store<u32>(parentsOfNodes + 4 * node++, made);
      }
    }
    store<u32>(nodes + 4 * made, weight);
  }
}

function chooseLengths(code: usize, used: u32, most: u32): void {
  memory.fill(tally, 0, 4 * 16);
  store<u32>(nodes + 4 * (used - 2), 0);
  for (let node = <i32>used - 3; node >= 0; node--)
    store<u32>(nodes + 4 * node, load<u32>(nodes + 4 * load<u32>(parentsOfNodes + 4 * node)) + 1);
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    const depth = load<u32>(nodes + 4 * load<u32>(parents + 4 * leaf)) + 1;
    add(min<u32>(depth, most), 1);
  }
  shorten(most);
  let leaf: u32 = 0;
  for (let length = most; length > 0; length--) {
    for (let left = load<u32>(tally + 4 * length); left > 0; left--)
      store<u8>(code + lengths + symbolAt(leaf++), <u8>length);
  }
}

/** Where words were cut to `most` bits there are too many of them: each time one of those goes below a shorter one. */
function shorten(most: u32): void {
  let taken: u32 = 0;
  for (let length: u32 = 1; length <= most; length++)
    taken += load<u32>(tally + 4 * length) << (most - length);
  for (; taken > 1 << most; taken--) {
    let length = most - 1;
    while (load<u32>(tally + 4 * length) == 0) length--;
    add(length, -1);
    add(length + 1, 2);
    add(most, -1);
  }
}

function add(length: u32, number: i32): void {
  store<i32>(tally + 4 * length, load<i32>(tally + 4 * length) + number);
}

function chooseWords(code: usize, symbols: u32, most: u32): void {
  let next: u32 = 0;
  for (let length: u32 = 1; length <= most; length++) {
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      if (lengthOf(code, symbol) != length) continue;
      store<u32>(code + words + 4 * symbol, reversed(next++, length) | (length << 16));
    }
    next <<= 1;
  }
}

function reversed(word: u32, length: u32): u32 {
  let result: u32 = 0;
  for (; length > 0; length--) {
    result = (result << 1) | (word & 1);
    word >>= 1;
  }
  return result;
}
