/** Bits that are no whole bytes yet, the first one lowest (RFC 1951, 3.1.1), and where they are to go. */
export let pending: u64 = 0;
export let pendingCount: u64 = 0;
export let end: usize = 0;

export function begin(at: usize): void {
  resume(0, 0, at);
}

/** Goes on from where a loop came that had these in variables of its own. */
export function resume(bits: u64, count: u64, at: usize): void {
  pending = bits;
  pendingCount = count;
  end = at;
}

/** At most 56 bits. */
export function put(bits: u32, count: u32): void {
  pending |= (<u64>bits) << pendingCount;
  pendingCount += count;
  store<u64>(end, pending);
  end += <usize>(pendingCount >> 3);
  pending >>= pendingCount & 56;
  pendingCount &= 7;
}

/** Bytes as they are, in blocks of their own; none makes an empty block, which ends at a whole byte. */
export function putStored(from: usize, size: usize): void {
  do {
    const length = min<usize>(size, 0xffff);
    put(0, 3);
    put(0, (8 - <u32>pendingCount) & 7);
    store<u16>(end, <u16>length);
    store<u16>(end + 2, <u16>~length);
    memory.copy(end + 4, from, length);
    end += 4 + length;
    from += length;
    size -= length;
  } while (size > 0);
}
