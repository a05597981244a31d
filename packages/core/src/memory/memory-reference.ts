import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageTransport } from "../contract/image-transport.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { ImageError } from "../names/image-error.ts";
import { MemoryDestination } from "./memory-destination.ts";
import { MemorySource } from "./memory-source.ts";
import type { MemoryStore, StoredImage } from "./memory-store.ts";

/** The name of an image in a memory transport. */
export class MemoryReference implements ImageReference {
  readonly transport: ImageTransport;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[] = [];
  readonly #store: MemoryStore;

  constructor(transport: ImageTransport, store: MemoryStore, name: string) {
    this.transport = transport;
    this.stringWithinTransport = name;
    this.policyConfigurationIdentity = name;
    this.#store = store;
    Object.freeze(this);
  }

  async newImageSource({ signal }: OperationOptions = {}): Promise<MemorySource> {
    signal?.throwIfAborted();
    return new MemorySource(this, this.#store, this.#image());
  }

  async newImageDestination({ signal }: OperationOptions = {}): Promise<MemoryDestination> {
    signal?.throwIfAborted();
    return new MemoryDestination(this, this.#store);
  }

  async deleteImage({ signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#image();
    this.#store.images.delete(this.stringWithinTransport);
  }

  #image(): StoredImage {
    const image = this.#store.images.get(this.stringWithinTransport);
    if (image !== undefined) return image;
    const names = [...this.#store.images.keys()].toSorted().join(", ") || "none";
    throw new ImageError(
      "not-found",
      `No image ${this.stringWithinTransport} in memory; available: ${names}`,
      { reference: imageName(this) },
    );
  }
}
