import type { BlobInfoCache, Digest, OperationOptions } from "@drayage/core";
import type { BlobFact, BlobScope, PackedForm, RecalledBlob } from "@drayage/core/blob-info-cache";

import { maxRecalled } from "./max-recalled.ts";

/** Remembers for as long as it lives: for the copies of one process. */
export function memoryBlobInfoCache(): BlobInfoCache {
  return new MemoryBlobInfoCache();
}

class MemoryBlobInfoCache implements BlobInfoCache {
  readonly #packed = new Map<Digest, readonly PackedForm[]>();
  /** By scope and digest. */
  readonly #locations = new Map<string, readonly string[]>();

  async recall(
    digests: readonly Digest[],
    scope?: BlobScope,
    { signal }: OperationOptions = {},
  ): Promise<ReadonlyMap<Digest, RecalledBlob>> {
    signal?.throwIfAborted();
    const recalled = new Map<Digest, RecalledBlob>();
    for (const digest of digests) {
      const packed = this.#packed.get(digest) ?? [];
      const locations = (scope && this.#locations.get(keyOf(scope, digest))) ?? [];
      if (packed.length + locations.length > 0) recalled.set(digest, { packed, locations });
    }
    return recalled;
  }

  async record(facts: readonly BlobFact[], { signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    for (const fact of facts) {
      switch (fact.kind) {
        case "packed": {
          const known = this.#packed.get(fact.digest) ?? [];
          const others = known.filter(({ digest }) => digest !== fact.form.digest);
          this.#packed.set(fact.digest, [fact.form, ...others].slice(0, maxRecalled));
          break;
        }
        case "seen": {
          const key = keyOf(fact.scope, fact.digest);
          const others = (this.#locations.get(key) ?? []).filter((one) => one !== fact.location);
          this.#locations.set(key, [fact.location, ...others].slice(0, maxRecalled));
          break;
        }
      }
    }
  }
}

function keyOf({ transport, scope }: BlobScope, digest: Digest): string {
  return [transport, scope, digest].join("\n");
}
