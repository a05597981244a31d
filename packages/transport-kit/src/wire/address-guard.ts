import { lookup as lookUp } from "node:dns";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { classOfAddress } from "./address-class.ts";
import type { AddressClass } from "./address-class.ts";

/** The classes of addresses that a host may have if a server named it. */
export type AllowedClasses = readonly AddressClass[];

/**
 * The classes of hosts that a server may name in redirects and other URLs, which are not more private than the server
 * itself. A public server may name public hosts, a private one also private hosts, and one on this machine also hosts on
 * this machine. A link-local address, such as that of a metadata service, may only be named by the same host.
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

/** The error for a host with an address that its server may not name. */
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

/** Settings of `guardedLookup`. */
export interface GuardedLookupSettings {
  /** The allowed classes of the host; undefined for all, for a host that the user named. */
  readonly allowedClasses?: AllowedClasses | undefined;
  /** Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** Called with the classes of all addresses of a name before one of them is used. */
  readonly onResolved?: ((hostname: string, classes: readonly AddressClass[]) => void) | undefined;
}

/**
 * A `lookup` option for `net.connect` and `tls.connect` that checks resolved addresses. The connection uses the checked
 * addresses, so a second resolution cannot bypass the check. All addresses of a name must be allowed; otherwise the
 * callback gets `ForbiddenAddress`. Node does not call it for hosts that are addresses.
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
          : classes.findIndex((each) => !allowedClasses.includes(each));
      const forbidden = addresses[at];
      if (forbidden !== undefined) {
        const { address } = forbidden;
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
