import type { Compression } from "../compression/compression.ts";
import type { UsedCompressor } from "../contract/blob-info-cache.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import type { DiffID } from "./diff-id.ts";
import type { LayerEncryptionResult } from "./layer-encryption.ts";

/** The result of copying a blob. */
export interface BlobResult {
  readonly from: Descriptor;
  readonly outcome: "copied" | "reused";
  readonly stored: Descriptor;
  /** Whether the destination cloned, linked or copied it without receiving the bytes. */
  readonly cloned?: boolean;
  /** The compression of the stored blob, if the copy changed it. */
  readonly compression: LayerCompression | undefined;
  /** The compressor of the stored blob. Default: none. */
  readonly compressor?: UsedCompressor | undefined;
  /** The compression of the source blob, if it was detected. */
  readonly sourceCompression?: Compression | undefined;
  /** Whether the copy decrypted or encrypted it. */
  readonly encryption?: LayerEncryptionResult | undefined;
  /** The digest of the uncompressed layer, if the step needs it and the bytes were read to the end. */
  readonly diffID?: DiffID | undefined;
}
