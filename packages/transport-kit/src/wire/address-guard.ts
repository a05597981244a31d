import { lookup as lookUp } from "node:dns";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { classOfAddress } from "./address-class.ts";
import type { AddressClass } from "./address-class.ts";

/** The classes of addresses that a host may have if a server named it. */
export type AllowedClasses = readonly AddressClass[];

/**
 * Which hosts a server may name in redirects and the like: none deeper in a network than the server itself. A public
 * server may name public hosts, a private one also private hosts, one on this machine also others on this machine.
 * Link-local addresses, where clouds have their metadata, may only be named by the same host.
 */
export function allowedClassesFor(
  namer: AddressClass,
  { isSameHost = false }: { readonly isSameHost?: boolean } = {},
): AllowedClasses {
  return [
    "public",
    ...(namer === "private" || namer === "link-local" || namer === "loopback"
      ? (["private"] as const)
      : []),
    ...(namer === "loopback" ? (["loopback"] as const) : []),
    ...(namer === "link-local" && isSameHost ? (["link-local"] as const) : []),
  ];
}

/** A host has an address that the server that named the host may not refer to. */
export class ForbiddenAddress extends Error {
  readonly hostname: string;
  readonly address: string;
  readonly addressClass: AddressClass;

  constructor(hostname: string, address: string, addressClass: AddressClass) {
    super(`${hostname} is at ${address}, a ${addressClass} address`);
    this.name = "ForbiddenAddress";
    this.hostname = hostname;
    this.address = address;
    this.addressClass = addressClass;
  }
}

/** How names are resolved for connections. */
export interface GuardedLookupSettings {
  /** Which addresses the host may have; undefined for a host that the user named, which may have any. */
  readonly allowedClasses?: AllowedClasses | undefined;
  /** Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** Called with the classes of all addresses of a name before one of them is used. */
  readonly onResolved?: ((hostname: string, classes: readonly AddressClass[]) => void) | undefined;
}

/**
 * The `lookup` option of `net.connect` and `tls.connect`. The checked addresses are the ones that are connected to, so
 * a name that resolves to something else the next time does not get around the check. All addresses of a name must
 * pass; for others the callback gets `ForbiddenAddress`. Not called for hosts that are addresses.
 */
export function guardedLookup({
  allowedClasses,
  lookup = lookUp,
  onResolved,
}: GuardedLookupSettings): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error) return callback(error, "", undefined);
      const addresses: readonly LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 4 }] : found;
      const classes = addresses.map(({ address }) => classOfAddress(address));
      const at =
        allowedClasses === undefined
          ? -1
          : classes.findIndex((one) => !allowedClasses.includes(one));
      const refused = addresses[at];
      if (refused !== undefined) {
        const { address } = refused;
        return callback(
          new ForbiddenAddress(hostname, address, classOfAddress(address)),
          "",
          undefined,
        );
      }
      onResolved?.(hostname, classes);
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}
