import type { CollectOptions, Garbage } from "./garbage.ts";
import type { ImageReference } from "./image-reference.ts";
import type { OperationOptions } from "./operation-options.ts";

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
  /** All tags of the repository of a reference, as they arrive. Absent if the store has no repositories. @throws ImageError `not-found`, `denied` */
  listTags?(reference: Reference, options?: OperationOptions): AsyncIterable<string>;
  /**
   * Deletes the content of the location of a reference that no image needs, while copies may run: a copy that counted on
   * deleted content fails with `conflict` and can be repeated. Returns what it deleted. Absent if the store keeps none.
   * @throws ImageError `not-found` for a location without images, `unsupported`
   */
  collectGarbage?(reference: Reference, options?: CollectOptions): Promise<readonly Garbage[]>;
}
