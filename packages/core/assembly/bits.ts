/** The bits that do not fill a byte yet, least significant first (RFC 1951, 3.1.1), and the end of the written output. */
export let bitBuffer: u64 = 0;
export let bitCount: u64 = 0;
export let outputEnd: usize = 0;

export function begin(at: usize): void {
  restore(0, 0, at);
}

/** Sets the state after a loop that kept it in local variables. */
export function restore(bits: u64, count: u64, at: usize): void {
  bitBuffer = bits;
  bitCount = count;
  outputEnd = at;
}

/** Writes at most 56 bits. */
export function putBits(bits: u32, count: u32): void {
  bitBuffer |= (<u64>bits) << bitCount;
  bitCount += count;
  store<u64>(outputEnd, bitBuffer);
  outputEnd += <usize>(bitCount >> 3);
  bitBuffer >>= bitCount & 56;
  bitCount &= 7;
}

/** Writes bytes as stored blocks. Without bytes it writes an empty block, which ends at a byte boundary. */
export function putStored(from: usize, size: usize): void {
  do {
    const length = min<usize>(size, 0xffff);
    putBits(0, 3);
    putBits(0, (8 - <u32>bitCount) & 7);
    store<u16>(outputEnd, <u16>length);
    store<u16>(outputEnd + 2, <u16>~length);
    memory.copy(outputEnd + 4, from, length);
    outputEnd += 4 + length;
    from += length;
    size -= length;
  } while (size > 0);
}
