import { ImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { formatFamiliar, nameOf } from "@drayage/core/reference";

import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import type { Registry } from "./registry.ts";

/** The actions of a token scope. */
export type RepositoryAction = "pull" | "pull,push" | "pull,delete";

export interface RepositoryRequest extends Omit<HTTPRequest, "url" | "headers"> {
  /** The path below the repository, such as `manifests/latest`, or a URL that the registry returned. */
  readonly target: string | URL;
  readonly action: RepositoryAction;
  /** The repository that a blob is mounted from. */
  readonly mountedFrom?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The relation of a repository to the requested image. */
export interface RepositoryRole {
  /** The original name of the image, which may differ from the repository. */
  readonly image: NamedReference;
  readonly isMirror: boolean;
  /** The configuration file that blocks the repository. */
  readonly blockedIn: string | undefined;
}

/** A repository of a registry. Sources and destinations send all requests through it. */
export class Repository {
  /** `library/alpine` */
  readonly path: string;
  /** For messages: `docker.io/library/alpine` */
  readonly name: string;
  /** Whether missing content is read from another repository. */
  readonly isMirror: boolean;
  readonly #registry: Registry;
  readonly #blockedIn: string | undefined;
  /** The requested image, for error messages. */
  readonly #reference: string;

  constructor(
    registry: Registry,
    named: NamedReference,
    { image, isMirror, blockedIn }: RepositoryRole = {
      image: named,
      isMirror: false,
      blockedIn: undefined,
    },
  ) {
    this.path = named.path;
    this.name = nameOf(named);
    this.isMirror = isMirror;
    this.#registry = registry;
    this.#blockedIn = blockedIn;
    this.#reference = `docker://${formatFamiliar(image)}`;
  }

  /** @throws ImageError `untrusted` if registries.conf blocks it */
  get registry(): Registry {
    if (this.#blockedIn === undefined) return this.#registry;
    const message = `${this.name} is blocked in ${this.#blockedIn}; to allow it, remove "blocked" there`;
    throw new ImageError("untrusted", message, { reference: this.#reference });
  }

  /**
   * Returns a response of any status.
   * @throws ImageError `unavailable`, `unsupported`; `denied` of a token server; `untrusted` for a blocked repository
   */
  async request(request: RepositoryRequest): Promise<HTTPResponse> {
    const { target, action, mountedFrom, ...rest } = request;
    return this.registry.request({
      reference: this.#reference,
      ...rest,
      target: typeof target === "string" ? `/v2/${this.path}/${target}` : target,
      repository: this.path,
      scopes: [
        `repository:${this.path}:${action}`,
        ...(mountedFrom === undefined ? [] : [`repository:${mountedFrom}:pull`]),
      ],
    });
  }
}
