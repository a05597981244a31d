import type { ImageTransport } from "../contract/image-transport.ts";
import { ImageError } from "../names/image-error.ts";
import { MemoryReference } from "./memory-reference.ts";
import type { MemoryStore } from "./memory-store.ts";

/**
 * `memory:NAME`: images in this process, gone with it. The smallest whole transport: the one to read first, and to
 * test with. Each call makes a place of its own.
 */
export function memory(): ImageTransport<MemoryReference> {
  const store: MemoryStore = { blobs: new Map(), images: new Map() };
  const transport: ImageTransport<MemoryReference> = {
    name: "memory",
    parseReference(name) {
      if (name !== "") return new MemoryReference(transport, store, name);
      throw new ImageError("invalid-reference", "Not a reference: write memory:NAME");
    },
    validatePolicyConfigurationScope(scope) {
      if (scope !== "") return;
      throw new ImageError("invalid-scope", "Not a scope of memory: write a name");
    },
  };
  return Object.freeze(transport);
}
