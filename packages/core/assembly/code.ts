import { scratch } from "./layout";

/**
 * A Huffman code (RFC 1951, 3.2.2): the frequency, the length and the codeword of each symbol. If only one symbol occurs,
 * it has one bit, and another symbol has the opposite bit.
 */

const frequencies: usize = 0;
const lengths: usize = 4 * 320;
const codewords: usize = lengths + 320;

export function clearCode(code: usize, symbols: u32): void {
  memory.fill(code + frequencies, 0, 4 * symbols);
}

export function countSymbol(code: usize, symbol: u32): void {
  const at = code + frequencies + 4 * symbol;
  store<u32>(at, load<u32>(at) + 1);
}

export function frequencyOf(code: usize, symbol: u32): u32 {
  return load<u32>(code + frequencies + 4 * symbol);
}

/** The number of bits of a symbol. */
export function lengthOf(code: usize, symbol: u32): u32 {
  return <u32>load<u8>(code + lengths + symbol);
}

/** The bits of a symbol, least significant first, and their number from bit 16. */
export function codewordOf(code: usize, symbol: u32): u32 {
  return load<u32>(code + codewords + 4 * symbol);
}

/** The number of bits that all counted symbols take. */
export function codedSize(code: usize, symbols: u32): u32 {
  let cost: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++)
    cost += frequencyOf(code, symbol) * lengthOf(code, symbol);
  return cost;
}

/** Builds the code for the counted symbols, with at most `maxBits` bits for a symbol. */
export function buildCode(code: usize, symbols: u32, maxBits: u32): void {
  memory.fill(code + lengths, 0, symbols);
  const used = sortedByFrequency(code, symbols);
  if (used > 1) {
    buildTree(used);
    assignLengths(code, used, maxBits);
  } else {
    const only = used == 0 ? 0 : symbolAt(0);
    store<u8>(code + lengths + only, 1);
    store<u8>(code + lengths + (only == 0 ? 1 : 0), 1);
  }
  assignCodewords(code, symbols, maxBits);
}

/** The leaves of the tree: the occurring symbols, the rarest first. Bits 0 to 8 are the symbol, the others its frequency. */
const leaves: usize = scratch;
/** The inner nodes in order of creation: first their weight, later their depth. */
const nodes: usize = leaves + 4 * 320;
/** The parents of the leaves, and of the inner nodes. */
const parents: usize = nodes + 4 * 320;
const parentsOfNodes: usize = parents + 4 * 320;
/** The number of symbols for each number of bits. */
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

/** Joins the two lightest leaves or nodes until one node remains. Nodes are created in order of weight. */
function buildTree(used: u32): void {
  let leaf: u32 = 0;
  let node: u32 = 0;
  for (let parent: u32 = 0; parent < used - 1; parent++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const leafWeight = load<u32>(leaves + 4 * leaf) >> 9;
      if (leaf < used && (node == parent || leafWeight <= load<u32>(nodes + 4 * node))) {
        weight += leafWeight;
        store<u32>(parents + 4 * leaf++, parent);
      } else {
        weight += load<u32>(nodes + 4 * node);
        store<u32>(parentsOfNodes + 4 * node++, parent);
      }
    }
    store<u32>(nodes + 4 * parent, weight);
  }
}

function assignLengths(code: usize, used: u32, maxBits: u32): void {
  memory.fill(tally, 0, 4 * 16);
  store<u32>(nodes + 4 * (used - 2), 0);
  for (let node = <i32>used - 3; node >= 0; node--)
    store<u32>(nodes + 4 * node, load<u32>(nodes + 4 * load<u32>(parentsOfNodes + 4 * node)) + 1);
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    const depth = load<u32>(nodes + 4 * load<u32>(parents + 4 * leaf)) + 1;
    addToTally(min<u32>(depth, maxBits), 1);
  }
  limitLengths(maxBits);
  let leaf: u32 = 0;
  for (let length = maxBits; length > 0; length--) {
    for (let remaining = load<u32>(tally + 4 * length); remaining > 0; remaining--)
      store<u8>(code + lengths + symbolAt(leaf++), <u8>length);
  }
}

/** Truncating lengths to `maxBits` oversubscribes the code. Lengthens shorter codewords until it is complete. */
function limitLengths(maxBits: u32): void {
  let used: u32 = 0;
  for (let length: u32 = 1; length <= maxBits; length++)
    used += load<u32>(tally + 4 * length) << (maxBits - length);
  for (; used > 1 << maxBits; used--) {
    let length = maxBits - 1;
    while (load<u32>(tally + 4 * length) == 0) length--;
    addToTally(length, -1);
    addToTally(length + 1, 2);
    addToTally(maxBits, -1);
  }
}

function addToTally(length: u32, change: i32): void {
  store<i32>(tally + 4 * length, load<i32>(tally + 4 * length) + change);
}

function assignCodewords(code: usize, symbols: u32, maxBits: u32): void {
  let next: u32 = 0;
  for (let length: u32 = 1; length <= maxBits; length++) {
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      if (lengthOf(code, symbol) != length) continue;
      store<u32>(code + codewords + 4 * symbol, reversed(next++, length) | (length << 16));
    }
    next <<= 1;
  }
}

function reversed(codeword: u32, length: u32): u32 {
  let result: u32 = 0;
  for (; length > 0; length--) {
    result = (result << 1) | (codeword & 1);
    codeword >>= 1;
  }
  return result;
}
