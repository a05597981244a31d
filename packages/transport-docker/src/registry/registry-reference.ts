import type { ImageReference, NamedReference } from "@drayage/core";

/** A reference to an image in a registry. */
export interface RegistryReference extends ImageReference {
  readonly dockerReference: NamedReference;
}
