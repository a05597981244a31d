import type { BlobInfoCache, Digest, OperationOptions } from "@drayage/core";
import type {
  BlobFact,
  BlobScope,
  CompressedForm,
  CachedBlob,
  UncompressedForm,
} from "@drayage/core/blob-info-cache";

import { maxEntries } from "./max-entries.ts";

/** A cache in memory, for the copies of one process. */
export function memoryBlobInfoCache(): BlobInfoCache {
  return new MemoryBlobInfoCache();
}

class MemoryBlobInfoCache implements BlobInfoCache {
  readonly #compressed = new Map<Digest, readonly CompressedForm[]>();
  readonly #uncompressed = new Map<Digest, UncompressedForm>();
  /** Keyed by scope and digest. */
  readonly #paths = new Map<string, readonly string[]>();

  async lookUp(
    digests: readonly Digest[],
    scope?: BlobScope,
    { signal }: OperationOptions = {},
  ): Promise<ReadonlyMap<Digest, CachedBlob>> {
    signal?.throwIfAborted();
    const found = new Map<Digest, CachedBlob>();
    for (const digest of digests) {
      const compressed = this.#compressed.get(digest) ?? [];
      const paths = (scope && this.#paths.get(keyOf(scope, digest))) ?? [];
      const uncompressed = this.#uncompressed.get(digest);
      if (compressed.length + paths.length > 0 || uncompressed !== undefined)
        found.set(digest, { compressed, uncompressed, paths });
    }
    return found;
  }

  async record(facts: readonly BlobFact[], { signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    for (const fact of facts) {
      switch (fact.kind) {
        case "compressed": {
          const known = this.#compressed.get(fact.digest) ?? [];
          const others = known.filter(({ digest }) => digest !== fact.form.digest);
          this.#compressed.set(fact.digest, [fact.form, ...others].slice(0, maxEntries));
          const { digest, compression } = fact.form;
          this.#uncompressed.set(digest, { digest: fact.digest, compression });
          break;
        }
        case "location": {
          const key = keyOf(fact.scope, fact.digest);
          const others = (this.#paths.get(key) ?? []).filter((path) => path !== fact.path);
          this.#paths.set(key, [fact.path, ...others].slice(0, maxEntries));
          break;
        }
      }
    }
  }
}

function keyOf({ transport, scope }: BlobScope, digest: Digest): string {
  return [transport, scope, digest].join("\n");
}
