/** The addresses of all data. There is no heap. */

/** The number of hash bits for four bytes and for seven bytes. */
export const shortHashBits: u32 = 15;
export const longHashBits: u32 = 14;

/** The last position for each hash of four bytes: the lower half of the address. */
export const shortTable: usize = 0x1_0000;
/** The last position for each hash of seven bytes and, in the upper half, the position before that. */
export const longTable: usize = shortTable + (2 << shortHashBits);
export const tablesSize: usize = (2 << shortHashBits) + (4 << longHashBits);

/** The sequences of a block: a number of literals, then a match. */
export const sequences: usize = shortTable + tablesSize;
export const sequenceSize: usize = 8;
/** More sequences make the codes less accurate; fewer make headers more frequent. */
export const maxSequences: usize = 8192;

export const literalCode: usize = sequences + sequenceSize * maxSequences;
export const distanceCode: usize = literalCode + 0x2000;
/** The code for the lengths of the other codes. */
export const codeLengthCode: usize = distanceCode + 0x2000;
/** Memory for building a code. */
export const scratch: usize = codeLengthCode + 0x2000;
export const headerSymbols: usize = scratch + 0x4000;
export const symbolTables: usize = headerSymbols + 0x1000;

export const input: usize = 0x10_0000;
export const maxInput: usize = 1 << 20;
/** Reads of eight bytes may reach beyond the input; those bytes are not used. */
export const output: usize = input + maxInput + 0x100;
