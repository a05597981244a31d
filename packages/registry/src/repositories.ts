import type { Digest, RawManifest } from "@drayage/core";

import { ErrorResponse } from "./http/error-response.ts";

/** A manifest in a registry. */
export interface StoredManifest extends RawManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** The content of one repository. */
export interface Repository {
  readonly name: string;
  /** With their sizes. */
  readonly blobs: Map<Digest, number>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
}

/** All repositories of a registry. A repository is created with its first blob or manifest. */
export class Repositories {
  readonly #byName = new Map<string, Repository>();

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  find(name: string): Repository | undefined {
    return this.#byName.get(name);
  }

  /** @throws ErrorResponse `NAME_UNKNOWN` */
  get(name: string): Repository {
    const repository = this.find(name);
    if (repository !== undefined) return repository;
    throw new ErrorResponse("NAME_UNKNOWN", "There is no repository with this name", {
      detail: { name },
    });
  }

  /** The repository, created if it does not exist. */
  ensure(name: string): Repository {
    const repository = this.find(name) ?? {
      name,
      blobs: new Map(),
      manifests: new Map(),
      tags: new Map(),
    };
    this.#byName.set(name, repository);
    return repository;
  }

  /** Any repository that has the blob. */
  findWithBlob(digest: Digest): Repository | undefined {
    return [...this.#byName.values()].find(({ blobs }) => blobs.has(digest));
  }
}
