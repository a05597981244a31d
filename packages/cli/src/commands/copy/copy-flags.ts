import type { DigestAlgorithm } from "@drayage/core";
import type { CompressionVariant } from "@drayage/core/copy";

import type { GlobalFlags } from "../../flags/global-flags.ts";
import type { RetryFlags } from "../../flags/retry-flags.ts";
import type { ProgressKind } from "../../progress/progress-view.ts";

export interface CopyFlags extends GlobalFlags, RetryFlags {
  readonly all?: true;
  readonly multiArch?: string;
  readonly platform?: readonly string[];
  readonly stripRemovedPlatforms?: true;
  readonly keepRemovedPlatforms?: true;
  readonly preserveDigests?: true;
  readonly format?: string;
  readonly removeSignatures?: true;
  readonly addCompression?: readonly CompressionVariant[];
  readonly destDecompress?: true;
  readonly destCompressFormat?: string;
  readonly destCompressLevel?: number;
  readonly destForceCompressFormat?: true;
  readonly destZstdFrames?: "one" | "parallel";
  readonly encryptionKey?: readonly string[];
  readonly encryptLayer?: readonly number[];
  readonly decryptionKey?: readonly string[];
  readonly referrers?: true;
  readonly referrerType?: readonly string[];
  readonly digestAlgorithm?: DigestAlgorithm;
  readonly conversionLedger?: true;
  readonly repair?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly digestfile?: string;
  readonly imageParallelCopies?: number;
  readonly maxLayerSize?: number;
  /** False with `--no-cache`. */
  readonly cache?: boolean;
  readonly quiet?: true;
  readonly progress: ProgressKind;
}
