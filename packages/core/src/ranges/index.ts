import "../supported-node.ts";

export { PartMemory } from "./part-memory.ts";
export type { HeldMemory } from "./part-memory.ts";
export type { OpenedRange, RangeSource, ReadRangeOptions } from "./range-source.ts";
export { readRangesAhead } from "./read-ahead.ts";
export type { ReadAhead } from "./read-ahead.ts";
export { readRange } from "./read-range.ts";
export type { KnownRange } from "./read-range.ts";
