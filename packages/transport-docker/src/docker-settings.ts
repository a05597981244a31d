import type { LookupFunction } from "node:net";
import type { SecureVersion } from "node:tls";

import type { SystemContext } from "@drayage/core";

import type { DockerWording } from "./http/wording.ts";

/** Who one is to a registry. */
export type DockerAuthConfig =
  | { readonly username: string; readonly password: string }
  /** What `docker login` keeps where a registry gives out refresh tokens. */
  | { readonly identityToken: string }
  /** Sent as it is to a registry that wants a bearer token, instead of asking a token server for one. */
  | { readonly registryToken: string };

/**
 * Tells who one is to a host, by its exact name (with its port, where it has one) as references have it: `docker.io`,
 * `localhost:5000`. Asked when a registry wants to know, once for each repository of it (`library/alpine`; undefined
 * where the request is about none), and again after a refusal.
 */
export type FindCredentials = (
  host: string,
  repository: string | undefined,
) => DockerAuthConfig | undefined | Promise<DockerAuthConfig | undefined>;

/** How a `docker()` reaches registries. */
export interface DockerSettings {
  /**
   * For every registry that references name and that asks, or by host. Sent to that host and the token server that it
   * names, and to nobody else: a mirror on another host is asked for by its own name. Default: what podman, skopeo and
   * docker keep; `() => undefined` has none.
   */
  readonly credentials?: DockerAuthConfig | FindCredentials | undefined;
  /** The one file to look up credentials in, which must be there. Default: those of podman, skopeo and docker. */
  readonly authFile?: string | undefined;
  /** Sent as it is to registries that want a bearer token, instead of asking a token server for one. */
  readonly registryToken?: string | undefined;
  /**
   * Connect although a certificate is not trusted, and by plain http where a host speaks no TLS: to every host, or to
   * none whatever else says so. Default: to registries of which registries.conf says it, and by plain http to those on
   * this machine of which it does not say `insecure = false`.
   */
  readonly insecure?: boolean | undefined;
  /**
   * Hosts (`auth.internal`, `10.0.0.7:5001`) that registries may name as token server, redirect, upload location or URL of
   * a foreign layer although they are at loopback, private or link-local addresses and the registry is not; true for all
   * hosts. Default: none.
   */
  readonly allowPrivateTargets?: boolean | readonly string[] | undefined;
  /** Resolves host names that are not reached through a proxy. Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /**
   * Where certificates lie: of authorities `*.crt`, and `*.cert` with `*.key` that say who we are. Default: a folder
   * called as the host in `~/.config/containers/certs.d`, `/etc/containers/certs.d` or `/etc/docker/certs.d`.
   */
  readonly certDir?: string | undefined;
  /** Default: Node's own, `TLSv1.2`. */
  readonly minTLSVersion?: SecureVersion | undefined;
  /** Of HTTP, by http or https; false for none. Default: what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say. */
  readonly proxy?: URL | false | undefined;
  /** Default `drayage`. */
  readonly userAgent?: string | undefined;
  /** The most blobs of an image that are read, or written, at once; a copy has bounds of its own. Default 64. */
  readonly parallelBlobs?: number | undefined;
  /**
   * How many ranges of a large blob, of 64 MiB and more, are read at once; 1 reads each blob in one go. Default: 4 as
   * long as no other large one is read, and 1 from a registry on this machine.
   */
  readonly parallelRanges?: number | undefined;
  /**
   * The most bytes of a blob in one request, where a registry or a proxy in front of it does not take more: larger blobs
   * are sent in chunks. Default: any number, until one was refused for its size.
   */
  readonly chunkSize?: number | undefined;
  /** The most requests to one host that wait for their answers at once; fewer while it says that it is busy. Default 64. */
  readonly parallelRequests?: number | undefined;
  /**
   * The file that says where registries really are and which mirrors they have; false for none. Default: podman's, by
   * `CONTAINERS_REGISTRIES_CONF`, of the user or of the machine (containers-registries.conf(5)).
   */
  readonly registriesConf?: string | false | undefined;
  /**
   * The folder of `*.yaml` files that say where signatures are kept; false for none. Default: the user's, else the
   * machine's `/etc/containers/registries.d` (containers-registries.d(5)).
   */
  readonly registriesDir?: string | false | undefined;
  /** What files and variables are looked up in without being named. */
  readonly system?: SystemContext | undefined;
  /** What error messages advise, in terms of the program that shows them. */
  readonly wording?: DockerWording | undefined;
  /** Milliseconds without a sign of life after which a registry counts as gone. Default 60 000. */
  readonly idleTimeout?: number | undefined;
}
