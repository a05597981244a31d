export { classOfAddress, classOfHost, mostPublicOf } from "./address-class.ts";
export type { AddressClass } from "./address-class.ts";
export { guardedLookup, OutOfReach, reachOf } from "./address-guard.ts";
export type { GuardedLookupSettings, Reach } from "./address-guard.ts";
