import { ImageError } from "@drayage/core";
import { classOfHost, mostPublicOf, OutOfReach, reachOf } from "@drayage/transport-kit/wire";
import type { AddressClass, Reach } from "@drayage/transport-kit/wire";

import type { DockerSettings } from "../docker-settings.ts";
import type { HTTPRequest } from "./http-exchange.ts";
import { isRegistryItself } from "./trust.ts";
import type { Trust } from "./trust.ts";

/** What of a request decides where it may go. */
export type NamedRequest = Pick<HTTPRequest, "url" | "namedBy" | "reference">;

/** Limits requests to hosts that a server named to addresses that this server may name. */
export class NamedHosts {
  readonly #allowed: DockerSettings["allowPrivateTargets"];
  readonly #classes = new Map<string, AddressClass>();

  constructor({ allowPrivateTargets = false }: Pick<DockerSettings, "allowPrivateTargets">) {
    this.#allowed = allowPrivateTargets;
  }

  /** Keeps the most public class of all addresses that a host ever had. */
  resolved(hostname: string, addressClass: AddressClass): void {
    const known = this.#classes.get(hostname);
    if (known === undefined || isMorePublic(addressClass, known)) {
      this.#classes.set(hostname, addressClass);
    }
  }

  /**
   * Where the host of a request may be; undefined for anywhere. A host that is an address, or `localhost`, is checked at
   * once, since it is not resolved here, or by a proxy.
   * @throws ImageError `untrusted`
   */
  reachOf(request: NamedRequest): Reach | undefined {
    const { url, namedBy } = request;
    if (namedBy === undefined || this.#isAllowed(url)) return undefined;
    const isSameHost = namedBy.hostname === url.hostname;
    const reach = reachOf(this.#classOf(namedBy), { isSameHost });
    const known = classOfHost(url.hostname);
    if (known === undefined || reach.includes(known)) return reach;
    throw outOfReach(request, new OutOfReach(url.hostname, url.hostname, known));
  }

  #classOf({ hostname }: URL): AddressClass {
    return classOfHost(hostname) ?? this.#classes.get(hostname) ?? "public";
  }

  #isAllowed({ host, hostname }: URL): boolean {
    const allowed = this.#allowed;
    if (typeof allowed === "boolean" || allowed === undefined) return allowed === true;
    return allowed.some((one) => one === host || one === hostname);
  }
}

/** Who counts as having named a URL: the server that did, or nobody where the URL is the registry's own. */
export function namerOf(namer: URL, url: URL, trust: Trust | undefined): URL | undefined {
  return trust !== undefined && isRegistryItself(trust, url) ? undefined : namer;
}

/** @returns ImageError `untrusted` */
export function outOfReach(
  { url, namedBy, reference }: NamedRequest,
  cause: OutOfReach,
): ImageError {
  const { hostname, address, addressClass } = cause;
  const where = hostname === address ? address : `${hostname} (${address})`;
  return new ImageError(
    "untrusted",
    `${namedBy?.host ?? "A server"} leads to ${where}, a ${addressClass} address, which a server elsewhere may not name; ` +
      `if that is right, add ${url.host} to the setting "allowPrivateTargets" (DRAYAGE_ALLOW_PRIVATE_TARGETS)`,
    { cause, reference },
  );
}

function isMorePublic(one: AddressClass, other: AddressClass): boolean {
  return one !== other && mostPublicOf([one, other]) === one;
}
