import { BitReader, unexpectedEnd } from "./bit-reader.ts";
import { readBzip2Block } from "./bzip2-block.ts";
import type { Bzip2Block } from "./bzip2-block.ts";

/** The maximum size of a compressed block: 900,000 codes of 20 bits, and their tables. */
const maxBlockSize = 3 << 20;

/**
 * Decompresses bzip2 with bounded memory; available libraries do not bound it. @throws Error for damaged or truncated
 * data
 */
export async function* decompressedBzip2(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const state: State = { links: undefined, spare: new Uint32Array(0), sum: 0, streams: 0 };
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    let input: Uint8Array = new Uint8Array(0);
    let bit = 0;
    for (let ended = false; ;) {
      if (!ended && input.byteLength - (bit >>> 3) < maxBlockSize) {
        input = await refilled(input.subarray(bit >>> 3), iterator);
        bit &= 7;
        ended = input.byteLength < 2 * maxBlockSize;
      }
      if (bit >= input.byteLength * 8) break;
      const step = stepAt(input, bit, state);
      bit = step.bit;
      if (step.block !== undefined) yield* contentOf(step.block, step.checksum);
    }
    if (state.links !== undefined || state.streams === 0) throw unexpectedEnd();
  } finally {
    await iterator.return?.();
  }
}

/** Appends input up to twice the maximum block size, so that bytes are rarely copied. */
async function refilled(start: Uint8Array, rest: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const chunks = [start];
  for (let size = start.byteLength; size < 2 * maxBlockSize;) {
    const next = await rest.next();
    if (next.done) break;
    chunks.push(next.value);
    size += next.value.byteLength;
  }
  return Buffer.concat(chunks);
}

interface State {
  /** The buffer of the current stream; undefined between two streams. */
  links: Uint32Array | undefined;
  /** The buffer of the previous stream, reused because many small streams may follow each other. */
  spare: Uint32Array;
  /** The combined checksum of the blocks. */
  sum: number;
  streams: number;
}

interface Step {
  /** The position of the next step in bits. */
  readonly bit: number;
  readonly block?: Bzip2Block;
  readonly checksum: number;
}

/** Reads a stream header, a block, or the end of a stream. */
function stepAt(input: Uint8Array, bit: number, state: State): Step {
  const bits = new BitReader(input, bit);
  return state.links === undefined ? readHead(bits, state) : readPart(bits, state.links, state);
}

function readHead(bits: BitReader, state: State): Step {
  const isMagic = bits.bits(24) === 0x42_5a_68;
  const level = bits.bits(8) - 0x30;
  if (!isMagic || level < 1 || level > 9) throw new Error("bzip2: other data follows the stream");
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
    if (checksum !== state.sum) throw new Error("bzip2: checksum mismatch");
    bits.align();
    state.links = undefined;
    return { bit: bits.at, checksum };
  }
  if (magic !== 0x31_41_59_26_53_59) throw new Error("bzip2: invalid block header");
  const block = readBzip2Block(bits, links);
  state.sum = (((state.sum << 1) | (state.sum >>> 31)) ^ checksum) >>> 0;
  return { bit: bits.at, block, checksum };
}

const chunkSize = 1 << 16;

/** Decodes the initial run-length encoding: a repeat count follows four equal bytes. */
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
  if ((sum ^ 0xffffffff) >>> 0 !== checksum) throw new Error("bzip2: checksum mismatch");
}

/** The CRC-32 table, most significant bit first. */
const sums: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum >>> 0;
});
