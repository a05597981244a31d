import type { Digest } from "../names/digest.ts";

/** The bytes of a manifest, as stored. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  /** The media type that the store reports. It may be wrong. */
  readonly mediaType?: string | undefined;
  /** The digest that the store reports; undefined if it reports none. Core verifies it. */
  readonly digest?: Digest | undefined;
}
