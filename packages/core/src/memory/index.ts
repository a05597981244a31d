import "../supported-node.ts";

export { memory } from "./memory-transport.ts";
export type { MemoryDestination } from "./memory-destination.ts";
export type { MemoryReference } from "./memory-reference.ts";
export type { MemorySource } from "./memory-source.ts";
