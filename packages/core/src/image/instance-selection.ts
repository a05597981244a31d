import type { Platform } from "../manifest/platform.ts";

/**
 * Which images of an index are copied or verified. An image outside an index is always selected, except that it must
 * match all of `platforms`, and `platform` with `requirePlatform`.
 */
export type InstanceSelection =
  /** The image for `platform`. */
  | "system"
  /** The index with all its instances. */
  | "all"
  /** The index alone, unchanged, for a destination that has its instances or stores an index without them. */
  | "index-only"
  /** The index with the instances for these platforms, and their attestations. */
  | { readonly platforms: readonly Platform[] };
