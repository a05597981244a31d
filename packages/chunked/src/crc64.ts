/** CRC-64 with the polynomial of ISO 3309, which tar-split uses for the content of files. */
export class CRC64 {
  /** The upper and lower half of the inverted checksum. */
  #high = 0xff_ff_ff_ff;
  #low = 0xff_ff_ff_ff;

  update(bytes: Uint8Array): void {
    let [high, low] = [this.#high, this.#low];
    for (let at = 0; at < bytes.byteLength; at++) {
      // The lower half of all entries of the table is 0.
      const entry = table[(low ^ (bytes[at] ?? 0)) & 0xff] ?? 0;
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) ^ entry;
    }
    [this.#high, this.#low] = [high, low];
  }

  /** Eight bytes, the most significant first. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(~this.#high, 0);
    bytes.writeInt32BE(~this.#low, 4);
    return bytes;
  }
}

const polynomial = 0xd8_00_00_00;

/** The upper half of the checksum of each byte. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++)
    crc = (crc & 1n) === 1n ? (crc >> 1n) ^ (BigInt(polynomial) << 32n) : crc >> 1n;
  return Number(crc >> 32n);
});
