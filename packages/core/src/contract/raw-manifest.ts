import type { Digest } from "../names/digest.ts";

/** A manifest exactly as stored. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  /** As the storage names it, where it does; not always right. */
  readonly mediaType?: string | undefined;
  /** The digest under which the storage keeps these bytes, where it keeps them under one; core verifies it. */
  readonly digest?: Digest | undefined;
}
