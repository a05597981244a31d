import { BitReader, endsEarly } from "./bit-reader.ts";
import { readBzip2Block } from "./bzip2-block.ts";
import type { Bzip2Block } from "./bzip2-block.ts";

/** Bytes that no block, however badly packed, is longer than: 900,000 codes of 20 bits, and their tables. */
const longestBlock = 3 << 20;

/** Memory stays bounded, which no library for it keeps to. @throws Error for what is damaged or cut off */
export async function* unpackedBzip2(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const state: State = { links: undefined, spare: new Uint32Array(0), sum: 0, streams: 0 };
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    let input: Uint8Array = new Uint8Array(0);
    let bit = 0;
    for (let ended = false; ;) {
      if (!ended && input.byteLength - (bit >>> 3) < longestBlock) {
        input = await refilled(input.subarray(bit >>> 3), iterator);
        bit &= 7;
        ended = input.byteLength < 2 * longestBlock;
      }
      if (bit >= input.byteLength * 8) break;
      const step = stepAt(input, bit, state);
      bit = step.bit;
      if (step.block !== undefined) yield* contentOf(step.block, step.checksum);
    }
    if (state.links !== undefined || state.streams === 0) throw endsEarly();
  } finally {
    await iterator.return?.();
  }
}

/** With what follows, up to twice a block, so that little is copied often. */
async function refilled(start: Uint8Array, rest: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const chunks = [start];
  for (let size = start.byteLength; size < 2 * longestBlock;) {
    const next = await rest.next();
    if (next.done) break;
    chunks.push(next.value);
    size += next.value.byteLength;
  }
  return Buffer.concat(chunks);
}

interface State {
  /** Of the stream that is being read, as long as its blocks; undefined between two streams. */
  links: Uint32Array | undefined;
  /** Of the stream before: many small ones may follow each other. */
  spare: Uint32Array;
  /** Of the checksums of its blocks. */
  sum: number;
  streams: number;
}

interface Step {
  /** Where the next step begins. */
  readonly bit: number;
  readonly block?: Bzip2Block;
  readonly checksum: number;
}

/** Reads the head of a stream, a block, or the end of a stream. */
function stepAt(input: Uint8Array, bit: number, state: State): Step {
  const bits = new BitReader(input, bit);
  return state.links === undefined ? readHead(bits, state) : readPart(bits, state.links, state);
}

function readHead(bits: BitReader, state: State): Step {
  const isMagic = bits.bits(24) === 0x42_5a_68;
  const level = bits.bits(8) - 0x30;
  if (!isMagic || level < 1 || level > 9) throw new Error("bzip2: something else follows it");
  const size = level * 100_000;
  if (state.spare.length !== size) state.spare = new Uint32Array(size);
  state.links = state.spare;
  state.sum = 0;
  state.streams++;
  return { bit: bits.at, checksum: 0 };
}

function readPart(bits: BitReader, links: Uint32Array, state: State): Step {
  const magic = bits.bits(24) * 2 ** 24 + bits.bits(24);
  const checksum = bits.word();
  if (magic === 0x17_72_45_38_50_90) {
    if (checksum !== state.sum) throw new Error("bzip2: a wrong checksum");
    bits.align();
    state.links = undefined;
    return { bit: bits.at, checksum };
  }
  if (magic !== 0x31_41_59_26_53_59) throw new Error("bzip2: it is damaged");
  const block = readBzip2Block(bits, links);
  state.sum = (((state.sum << 1) | (state.sum >>> 31)) ^ checksum) >>> 0;
  return { bit: bits.at, block, checksum };
}

const chunkSize = 1 << 16;

/** After four equal bytes a count of further ones follows. */
function* contentOf({ links, size, origin }: Bzip2Block, checksum: number): Generator<Uint8Array> {
  let chunk = Buffer.allocUnsafeSlow(chunkSize);
  let filled = 0;
  let sum = 0xffffffff;
  let link = links[origin] ?? 0;
  let last = -1;
  let equal = 0;
  for (let at = 0; at < size; at++) {
    link = links[link >>> 8] ?? 0;
    const byte = link & 0xff;
    const isCount = equal === 4;
    const value = isCount ? last : byte;
    for (let left = isCount ? byte : 1; left > 0; left--) {
      chunk[filled++] = value;
      sum = ((sum << 8) ^ (sums[(sum >>> 24) ^ value] ?? 0)) >>> 0;
      if (filled < chunkSize) continue;
      yield chunk;
      chunk = Buffer.allocUnsafeSlow(chunkSize);
      filled = 0;
    }
    equal = isCount ? 0 : value === last ? equal + 1 : 1;
    last = isCount ? -1 : value;
  }
  if (filled > 0) yield chunk.subarray(0, filled);
  if ((sum ^ 0xffffffff) >>> 0 !== checksum) throw new Error("bzip2: a wrong checksum");
}

/** CRC-32, the highest bit first. */
const sums: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum >>> 0;
});
