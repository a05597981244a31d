import { mediaTypes } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";
import type { Compression } from "@drayage/core/content";

import { overriddenPlatform, refuseTwoPlatforms } from "../../flags/platform-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { version } from "../../process/version.ts";
import type { CopyFlags } from "./copy-flags.ts";
import { selectedImages } from "./selected-images.ts";

/** Converts the flags to options of `copyImage`. @throws UsageError if flags contradict each other */
export function copyOptionsOf(flags: CopyFlags): CopyOptions {
  refuseTwoPlatforms(flags.platform, flags);
  return {
    platform: overriddenPlatform(flags),
    requirePlatform: flags.platform !== undefined,
    ...selectedImages(flags),
    preserveDigests: flags.preserveDigests,
    manifestMIMEType: manifestMIMETypeOf(flags.format),
    compression: compressionOf(flags),
    ensureCompressionVariantsExist: flags.addCompression,
    removeSignatures: flags.removeSignatures,
    referrers: referrersOf(flags),
    digestAlgorithm: flags.digestAlgorithm,
    conversionLedger: flags.conversionLedger && { tool: `drayage ${version}` },
    repair: flags.repair,
    parallelBlobs: flags.imageParallelCopies,
    maxLayerSize: flags.maxLayerSize,
    decompress: decompressedLayer,
  };
}

function compressionOf(flags: CopyFlags): CopyOptions["compression"] {
  return {
    format: flags.destDecompress ? "none" : flags.destCompressFormat,
    level: flags.destCompressLevel,
    zstdFrames: flags.destZstdFrames,
    force: flags.destForceCompressFormat,
  };
}

/** Core decompresses gzip and zstd itself. Other formats are loaded on demand. */
async function* decompressedLayer(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { decompressedBytes } = await import("@drayage/image-archive");
  yield* decompressedBytes(bytes, compression);
}

function referrersOf({ referrers, referrerType }: CopyFlags): CopyOptions["referrers"] {
  return referrerType === undefined ? referrers : { artifactTypes: referrerType };
}

function manifestMIMETypeOf(format: string | undefined): string | undefined {
  switch (format) {
    case undefined:
      return undefined;
    case "oci":
      return mediaTypes.ociManifest;
    case "v2s2":
      return mediaTypes.dockerManifest;
    case "v2s1":
      return mediaTypes.dockerSchema1Signed;
    default:
      throw new UsageError(`--format must be oci, v2s2 or v2s1, not ${JSON.stringify(format)}`);
  }
}
