import "../supported-node.ts";

export { classOfAddress, classOfHost, mostPublicOf } from "./address-class.ts";
export type { AddressClass } from "./address-class.ts";
export { guardedLookup, OutOfReach, reachOf } from "./address-guard.ts";
export type { GuardedLookupSettings, Reach } from "./address-guard.ts";
export { ChunkQueue } from "./chunk-queue.ts";
export { MinimumRate, TooSlow } from "./minimum-rate.ts";
export { ListProgress } from "./list-progress.ts";
