import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Transports } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";

/** A folder that is removed at the end of its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "interop-"));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** One fresh reference after another for each kind of place; the registry is somebody else's. */
export class Places {
  readonly #transports = new Transports([docker(), directory(), ociLayout(), memory()]);
  readonly #folder: string;
  readonly #registry: string;
  #count = 0;

  constructor(folder: string, registry: string) {
    this.#folder = folder;
    this.#registry = registry;
  }

  static readonly kinds = ["memory", "dir", "oci", "docker"] as const;

  fresh(kind: (typeof Places.kinds)[number]): ImageReference {
    return this.#transports.parse(`${kind}:${this.#textOf(kind, `image${this.#count++}`)}`);
  }

  #textOf(kind: (typeof Places.kinds)[number], name: string): string {
    switch (kind) {
      case "memory":
        return name;
      case "dir":
        return path.join(this.#folder, name);
      case "oci":
        return `${path.join(this.#folder, "layout")}:${name}`;
      case "docker":
        return `//${this.#registry}/${name}:tag`;
    }
  }
}
