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
  /** The index with the instances for these platforms. */
  | { readonly platforms: readonly Platform[] };
