import type { ImageTransport } from "../contract/image-transport.ts";
import { ImageError } from "../names/image-error.ts";
import { MemoryReference } from "./memory-reference.ts";
import type { MemoryStore } from "./memory-store.ts";

/**
 * Creates a transport for images in the memory of this process: `memory:NAME`. Each call creates an independent store. It
 * is the smallest complete transport, for tests and as an example.
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
