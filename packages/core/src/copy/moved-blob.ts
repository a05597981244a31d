import type { Compression } from "../compression/compression.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";

/** What became of a blob. */
export interface MovedBlob {
  readonly from: Descriptor;
  readonly outcome: "copied" | "reused";
  readonly stored: Descriptor;
  /** Whether the destination took it from elsewhere without being sent it. */
  readonly cloned?: boolean;
  /** How it is packed now, where that was changed on the way. */
  readonly packedAs: LayerCompression | undefined;
  /** How it was packed, where its bytes were looked at. */
  readonly packedBefore?: Compression | undefined;
}
