import type { OperationOptions } from "../contract/operation-options.ts";

/** Which referrers are copied with an image. */
export interface ReferrerSelection {
  /**
   * Selects referrers of these artifact types, and their referrers of these types. A referrer that is found by its tag has
   * no artifact type, so one of its layers must have a type in this list.
   */
  readonly artifactTypes: readonly string[];
}

/** The options for listing referrers. */
export interface ReferrerOptions extends OperationOptions {
  readonly referrers?: boolean | ReferrerSelection | undefined;
}

/** The requested artifact types; undefined for all. */
export function requestedTypes({ referrers }: ReferrerOptions): readonly string[] | undefined {
  return typeof referrers === "object" ? referrers.artifactTypes : undefined;
}
