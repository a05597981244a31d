import type { ImageReference } from "./image-reference.ts";

/** One way of naming and reaching images. A value made by a factory that takes its settings. */
export interface ImageTransport<Reference extends ImageReference = ImageReference> {
  /** The word before the colon in `docker://alpine`; unique among the transports in use. */
  readonly name: string;
  /** Reads what follows `name:`. Never touches the network. @throws ImageError `invalid-reference` */
  parseReference(text: string): Reference;
  /** Accepts every scope that could match. @throws ImageError `invalid-scope` for a policy scope that could never match */
  validatePolicyConfigurationScope(scope: string): void;
  /**
   * What to write if a name without a known transport means an image of this one: `for a registry write docker://alpine`.
   * undefined if the name cannot mean one. Absent if the transport has no advice.
   */
  advise?(name: string): string | undefined;
}
