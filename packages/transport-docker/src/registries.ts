import type { NamedReference } from "@drayage/core";

import type { DockerSettings } from "./docker-settings.ts";
import { HTTPClient } from "./http/http-client.ts";
import { Registry } from "./registry.ts";
import { Repository } from "./repository.ts";

const defaultParallelBlobs = 6;

/** All registries that one `docker()` speaks to; what it learned of each serves every image. */
export class Registries {
  readonly parallelBlobs: number;
  readonly #settings: DockerSettings;
  readonly #client: HTTPClient;
  readonly #byDomain = new Map<string, Registry>();

  constructor(settings: DockerSettings) {
    this.parallelBlobs = settings.parallelBlobs ?? defaultParallelBlobs;
    this.#settings = settings;
    this.#client = new HTTPClient(settings);
  }

  /** To be held by whoever sends, until disposed of. */
  use(): AsyncDisposable {
    return this.#client.use();
  }

  repositoryOf(named: NamedReference): Repository {
    const { domain } = named;
    const registry =
      this.#byDomain.get(domain) ?? new Registry({ host: domain }, this.#client, this.#settings);
    this.#byDomain.set(domain, registry);
    return new Repository(registry, named);
  }
}
