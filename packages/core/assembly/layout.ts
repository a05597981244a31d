/** Where things lie in memory; what is on the heap of other programs has a fixed place here. */

/** Bits of the hash of four bytes, and of seven. */
export const shortHashBits: u32 = 15;
export const longHashBits: u32 = 14;

/** For each hash of four bytes where it was seen last: the lower half of the address. */
export const shortTable: usize = 0x1_0000;
/** For each hash of seven bytes where it was seen last and, above that, the time before. */
export const longTable: usize = shortTable + (2 << shortHashBits);
export const tablesSize: usize = (2 << shortHashBits) + (4 << longHashBits);

/** What a block consists of: literals, then a match. */
export const sequences: usize = shortTable + tablesSize;
export const sequenceSize: usize = 8;
/** With more of them the codes fit less well, with fewer they are told too often. */
export const mostSequences: usize = 8192;

export const literalCode: usize = sequences + sequenceSize * mostSequences;
export const distanceCode: usize = literalCode + 0x2000;
/** In which the lengths of the other codes are told. */
export const lengthCode: usize = distanceCode + 0x2000;
/** For making a code. */
export const scratch: usize = lengthCode + 0x2000;
export const told: usize = scratch + 0x4000;
export const symbolTables: usize = told + 0x1000;

export const input: usize = 0x10_0000;
export const mostInput: usize = 1 << 20;
/** What is read beyond the input, eight bytes at once, is not used. */
export const output: usize = input + mostInput + 0x100;
