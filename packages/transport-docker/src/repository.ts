import { formatFamiliar, nameOf } from "@drayage/core";
import type { NamedReference } from "@drayage/core";

import type { HTTPRequest, HTTPResponse } from "./http/http-exchange.ts";
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

/** A repository of a registry: what all requests of sources and destinations go through. */
export class Repository {
  readonly registry: Registry;
  /** `library/alpine` */
  readonly path: string;
  /** For people: `docker.io/library/alpine` */
  readonly name: string;
  /** The image in it that is asked for, for errors. */
  readonly #reference: string;

  constructor(registry: Registry, named: NamedReference) {
    this.registry = registry;
    this.path = named.path;
    this.name = nameOf(named);
    this.#reference = `docker://${formatFamiliar(named)}`;
  }

  /** The answer, whatever its status. @throws ImageError `unavailable`, `unsupported`; `denied` by a token server */
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
