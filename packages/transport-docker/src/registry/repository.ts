import { ImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { formatFamiliar, nameOf } from "@drayage/core/reference";

import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import type { Registry } from "./registry.ts";

/** What is done, as far as permissions tell it apart. */
export type RepositoryAction = "pull" | "pull,push" | "pull,delete";

export interface RepositoryRequest extends Omit<HTTPRequest, "url" | "headers"> {
  /** What follows the name of the repository, such as `manifests/latest`, or a URL that the registry gave. */
  readonly target: string | URL;
  readonly action: RepositoryAction;
  /** Another repository that is read. */
  readonly mountedFrom?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a repository is to the image that is asked for. */
export interface RepositoryRole {
  /** The image as its user calls it; it may be kept under another name. */
  readonly image: NamedReference;
  readonly isMirror: boolean;
  /** The file that forbids to go there. */
  readonly blockedIn: string | undefined;
}

/** A repository of a registry: what all requests of sources and destinations go through. */
export class Repository {
  /** `library/alpine` */
  readonly path: string;
  /** For people: `docker.io/library/alpine` */
  readonly name: string;
  /** Whether others are asked where it does not have something. */
  readonly isMirror: boolean;
  readonly #registry: Registry;
  readonly #blockedIn: string | undefined;
  /** The image in it that is asked for, for errors. */
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

  /** @throws ImageError `untrusted` where registries.conf blocks it */
  get registry(): Registry {
    if (this.#blockedIn === undefined) return this.#registry;
    const message = `${this.name} is blocked in ${this.#blockedIn}`;
    throw new ImageError("untrusted", message, { reference: this.#reference });
  }

  /**
   * The answer, whatever its status.
   * @throws ImageError `unavailable`, `unsupported`; `denied` by a token server; `untrusted` where it is blocked
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
