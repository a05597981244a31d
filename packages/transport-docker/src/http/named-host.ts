import { ImageError } from "@drayage/core";
import {
  classOfHost,
  strictestClassOf,
  ForbiddenAddress,
  allowedClassesFor,
} from "@drayage/transport-kit/wire";
import type { AddressClass, AllowedClasses } from "@drayage/transport-kit/wire";

import type { DockerSettings } from "../docker-settings.ts";
import type { HTTPRequest } from "./http-exchange.ts";
import { isRegistryItself } from "./trust.ts";
import type { Trust } from "./trust.ts";

/** The parts of a request that decide which hosts it may reach. */
export type NamedRequest = Pick<HTTPRequest, "url" | "namedBy" | "reference">;

/** Restricts URLs that a server names: a server on the public network must not direct requests to private addresses. */
export class NamedHosts {
  readonly #allowed: DockerSettings["allowPrivateTargets"];
  readonly #classes = new Map<string, AddressClass>();

  constructor({ allowPrivateTargets = false }: Pick<DockerSettings, "allowPrivateTargets">) {
    this.#allowed = allowPrivateTargets;
  }

  /** Stores the most public class of all addresses of a host. */
  resolved(hostname: string, addressClass: AddressClass): void {
    const known = this.#classes.get(hostname);
    if (known === undefined || isMorePublic(addressClass, known)) {
      this.#classes.set(hostname, addressClass);
    }
  }

  /**
   * The address classes that a request may reach; undefined for all. An address, or `localhost`, is checked here, because
   * it is not resolved, or resolved by a proxy.
   * @throws ImageError `untrusted`
   */
  allowedClassesFor(request: NamedRequest): AllowedClasses | undefined {
    const { url, namedBy } = request;
    if (namedBy === undefined || this.#isAllowed(url)) return undefined;
    const isSameHost = namedBy.hostname === url.hostname;
    const allowedClasses = allowedClassesFor(this.#classOf(namedBy), { isSameHost });
    const known = classOfHost(url.hostname);
    if (known === undefined || allowedClasses.includes(known)) return allowedClasses;
    throw outOfReach(request, new ForbiddenAddress(url.hostname, url.hostname, known));
  }

  #classOf({ hostname }: URL): AddressClass {
    return classOfHost(hostname) ?? this.#classes.get(hostname) ?? "public";
  }

  #isAllowed({ host, hostname }: URL): boolean {
    const allowed = this.#allowed;
    if (typeof allowed === "boolean" || allowed === undefined) return allowed === true;
    return allowed.some((each) => each === host || each === hostname);
  }
}

/** The server that named a URL; undefined for a URL of the registry itself. */
export function namerOf(namer: URL, url: URL, trust: Trust | undefined): URL | undefined {
  return trust !== undefined && isRegistryItself(trust, url) ? undefined : namer;
}

/** @returns ImageError `untrusted` */
export function outOfReach(
  { url, namedBy, reference }: NamedRequest,
  cause: ForbiddenAddress,
): ImageError {
  const { hostname, address, addressClass } = cause;
  const target = hostname === address ? address : `${hostname} (${address})`;
  return new ImageError(
    "untrusted",
    `${namedBy?.host ?? "A server"} refers to ${target}, a ${addressClass} address that it may not name; ` +
      `if that is intended, add ${url.host} to the setting "allowPrivateTargets" (DRAYAGE_ALLOW_PRIVATE_TARGETS)`,
    { cause, reference },
  );
}

function isMorePublic(one: AddressClass, other: AddressClass): boolean {
  return one !== other && strictestClassOf([one, other]) === one;
}
