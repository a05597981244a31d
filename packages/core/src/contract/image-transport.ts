import type { ImageReference } from "./image-reference.ts";

/** A way to name and access images. A factory creates it from its settings. */
export interface ImageTransport<Reference extends ImageReference = ImageReference> {
  /** The word before the colon in `docker://alpine`. Unique among the registered transports. */
  readonly name: string;
  /** Parses the text after `name:`. Sends no requests. @throws ImageError `invalid-reference` */
  parseReference(text: string): Reference;
  /** Accepts every policy scope that can match a reference. @throws ImageError `invalid-scope` for other scopes */
  validatePolicyConfigurationScope(scope: string): void;
  /**
   * What to write if a name without a known transport means an image of this one: `for a registry write docker://alpine`.
   * undefined if the name cannot mean one. Absent if the transport has no advice.
   */
  advise?(name: string): string | undefined;
}
