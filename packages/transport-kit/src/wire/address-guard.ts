import { lookup as lookUp } from "node:dns";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { classOfAddress } from "./address-class.ts";
import type { AddressClass } from "./address-class.ts";

/** The classes of addresses at which a host may be that a server named. */
export type Reach = readonly AddressClass[];

/**
 * Where a server may send us: no deeper into a network than it is itself. A public one names public hosts, a private one
 * also private hosts, one on this machine also others on this machine. Link-local addresses, where clouds have their
 * metadata, are named by the same host only.
 */
export function reachOf(
  namer: AddressClass,
  { isSameHost = false }: { readonly isSameHost?: boolean } = {},
): Reach {
  return [
    "public",
    ...(namer === "private" || namer === "link-local" || namer === "loopback"
      ? (["private"] as const)
      : []),
    ...(namer === "loopback" ? (["loopback"] as const) : []),
    ...(namer === "link-local" && isSameHost ? (["link-local"] as const) : []),
  ];
}

/** A host is at an address that the server that named it may not send us to. */
export class OutOfReach extends Error {
  readonly hostname: string;
  readonly address: string;
  readonly addressClass: AddressClass;

  constructor(hostname: string, address: string, addressClass: AddressClass) {
    super(`${hostname} is at ${address}, a ${addressClass} address`);
    this.name = "OutOfReach";
    this.hostname = hostname;
    this.address = address;
    this.addressClass = addressClass;
  }
}

/** How names are resolved for connections. */
export interface GuardedLookupSettings {
  /** Where the host may be; undefined for one that the user named, which may be anywhere. */
  readonly reach?: Reach | undefined;
  /** Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** Called with the classes of all addresses of a name before one of them is connected to. */
  readonly onResolved?: ((hostname: string, classes: readonly AddressClass[]) => void) | undefined;
}

/**
 * The `lookup` option of `net.connect` and `tls.connect`. The addresses that pass are the ones that are connected to, so
 * a name that resolves to something else the next time gains nothing. All addresses of a name have to pass. The callback
 * gets `OutOfReach` for those that do not. Not called for hosts that are addresses already.
 */
export function guardedLookup({
  reach,
  lookup = lookUp,
  onResolved,
}: GuardedLookupSettings): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error) return callback(error, "", undefined);
      const addresses: readonly LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 4 }] : found;
      const classes = addresses.map(({ address }) => classOfAddress(address));
      const at = reach === undefined ? -1 : classes.findIndex((one) => !reach.includes(one));
      const refused = addresses[at];
      if (refused !== undefined) {
        const { address } = refused;
        return callback(new OutOfReach(hostname, address, classOfAddress(address)), "", undefined);
      }
      onResolved?.(hostname, classes);
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}
