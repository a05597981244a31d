import type { LookupFunction } from "node:net";
import type { SecureVersion } from "node:tls";

import type { SystemContext } from "@drayage/core";

import type { DockerWording } from "./http/wording.ts";

/** Credentials for a registry. */
export type DockerAuthConfig =
  | { readonly username: string; readonly password: string }
  /** A refresh token, which `docker login` stores for registries that issue them. */
  | { readonly identityToken: string }
  /** A bearer token, sent unchanged instead of a token of the token server. */
  | { readonly registryToken: string };

/**
 * Finds the credentials for a host, named like in references: `docker.io`, `localhost:5000`. Called when the registry
 * requires credentials: once for each repository (`library/alpine`; undefined for a request to the registry itself), and
 * again after an error response.
 */
export type FindCredentials = (
  host: string,
  repository: string | undefined,
) => DockerAuthConfig | undefined | Promise<DockerAuthConfig | undefined>;

/** Settings of `docker()`. */
export interface DockerSettings {
  /**
   * Credentials for all registries of references, or a function that finds them by host. They are sent only to that host
   * and its token server, and only when it requires them. A function is also called for mirrors on other hosts. Default:
   * the credentials that podman, skopeo and docker have stored; `() => undefined` sends none.
   */
  readonly credentials?: DockerAuthConfig | FindCredentials | undefined;
  /** The only auth file to read, which must exist. Default: the files of podman, skopeo and docker. */
  readonly authFile?: string | undefined;
  /** A bearer token, sent unchanged instead of a token of the token server. */
  readonly registryToken?: string | undefined;
  /**
   * Whether untrusted certificates and plain http are allowed. Both values apply to all hosts and override registries.conf.
   * Default: both are allowed for registries that are insecure in registries.conf, and plain http is allowed for
   * registries on this machine that are not `insecure = false` there.
   */
  readonly insecure?: boolean | undefined;
  /**
   * Hosts with a loopback, private or link-local address (`auth.internal`, `10.0.0.7:5001`) that a public registry may
   * name as token server, redirect, upload location or URL of a foreign layer; true for all hosts. Default: none.
   */
  readonly allowPrivateTargets?: boolean | readonly string[] | undefined;
  /** Resolves host names that are not reached through a proxy. Default: `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /**
   * The folder of certificates: `*.crt` for authorities, `*.cert` with `*.key` for client certificates. Default: the
   * folder with the name of the host in `~/.config/containers/certs.d`, `/etc/containers/certs.d` or
   * `/etc/docker/certs.d`.
   */
  readonly certDir?: string | undefined;
  /** Default: that of Node, `TLSv1.2`. */
  readonly minTLSVersion?: SecureVersion | undefined;
  /** The URL of an HTTP proxy, with http or https; false for none. Default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxy?: URL | false | undefined;
  /** Default `drayage`. */
  readonly userAgent?: string | undefined;
  /** The maximum number of blobs of an image that are read or written at once. A copy has its own limits. Default 64. */
  readonly parallelBlobs?: number | undefined;
  /**
   * The number of parallel ranges of a blob of 64 MiB or more; 1 disables them. Default: 4 if no other large blob is
   * being read, and 1 for a registry on this machine.
   */
  readonly parallelRanges?: number | undefined;
  /**
   * The maximum size of an upload request in bytes, for a registry or a proxy with a limit. Larger blobs are sent in
   * chunks. Default: unlimited until a request is rejected as too large.
   */
  readonly chunkSize?: number | undefined;
  /** The maximum number of requests that wait for a response of one host. Reduced while the host is busy. Default 64. */
  readonly parallelRequests?: number | undefined;
  /**
   * The file that configures locations and mirrors of registries; false for none. Default: that of podman:
   * `CONTAINERS_REGISTRIES_CONF`, or the file of the user or of the system (containers-registries.conf(5)).
   */
  readonly registriesConf?: string | false | undefined;
  /**
   * The folder of `*.yaml` files that configure signature stores; false for none. Default: the folder of the user, else
   * `/etc/containers/registries.d` (containers-registries.d(5)).
   */
  readonly registriesDir?: string | false | undefined;
  /** The environment and the root of default paths. */
  readonly system?: SystemContext | undefined;
  /** The advice in error messages, for programs with other names for these settings. */
  readonly wording?: DockerWording | undefined;
  /** The timeout of a connection without any data, in milliseconds. Default 60 000. */
  readonly idleTimeout?: number | undefined;
}
