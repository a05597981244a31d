import type { ChecksumHasher } from "./checksum-hasher.ts";

/** CRC-32C (Castagnoli), most significant byte first. */
export function crc32c(): ChecksumHasher {
  return reflectedCrc(4, castagnoli());
}

/** CRC-64/NVME, most significant byte first. */
export function crc64nvme(): ChecksumHasher {
  return reflectedCrc(8, nvme());
}

const castagnoli = once(() => tableOf(0x82f63b78n));
const nvme = once(() => tableOf(0x9a6c9329ac4bc9b5n));

/**
 * Eight concatenated tables, for bytes that are zero to seven bytes before the end. Split into halves, because a number
 * cannot hold 64 bits.
 */
interface Table {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

/** A reflected CRC with inverted start and end values. Processes eight bytes at a time. */
function reflectedCrc(width: 4 | 8, { low, high }: Table): ChecksumHasher {
  let [lower, upper] = [-1, width === 8 ? -1 : 0];
  return {
    update(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      for (; at + 8 <= bytes.length; at += 8) {
        const first = lower ^ view.getUint32(at, true);
        const second = upper ^ view.getUint32(at + 4, true);
        lower = combined(low, first, second);
        upper = combined(high, first, second);
      }
      for (; at < bytes.length; at++) {
        const index = (lower ^ (bytes[at] ?? 0)) & 0xff;
        lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] ?? 0);
        upper = (upper >>> 8) ^ (high[index] ?? 0);
      }
    },
    digest() {
      const digest = Buffer.alloc(8);
      digest.writeUInt32BE(~upper >>> 0, 0);
      digest.writeUInt32BE(~lower >>> 0, 4);
      return digest.subarray(8 - width);
    },
  };
}

function combined(table: Uint32Array, first: number, second: number): number {
  return (
    table[0x700 | (first & 0xff)]! ^
    table[0x600 | ((first >>> 8) & 0xff)]! ^
    table[0x500 | ((first >>> 16) & 0xff)]! ^
    table[0x400 | (first >>> 24)]! ^
    table[0x300 | (second & 0xff)]! ^
    table[0x200 | ((second >>> 8) & 0xff)]! ^
    table[0x100 | ((second >>> 16) & 0xff)]! ^
    table[second >>> 24]!
  );
}

function tableOf(polynomial: bigint): Table {
  const [low, high] = [new Uint32Array(2048), new Uint32Array(2048)];
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let before = 0; before < 8; before++) {
      for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? polynomial : 0n);
      low[(before << 8) | byte] = Number(value & 0xffffffffn);
      high[(before << 8) | byte] = Number(value >> 32n);
    }
  }
  return { low, high };
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
