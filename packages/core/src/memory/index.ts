import "../supported-node.ts";

export { memory } from "./memory-transport.ts";
export type { MemoryReference } from "./memory-reference.ts";
