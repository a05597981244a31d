import { mediaTypes } from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import { compressionChange } from "./blob-transform.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import { requestedTransform } from "./requested-compression.ts";

/** Requires OCI manifests for zstd layers, which Docker's formats do not have. @throws ImageError `impossible-copy` */
export function withOCIForZstd(options: PlanOptions, facts: CopyFacts): PlanOptions {
  const { manifestMIMEType = mediaTypes.ociManifest } = options;
  const change = compressionChange(requestedTransform(facts, options));
  if (change?.kind !== "recompress" || change.format !== "zstd") return options;
  if (manifestMIMEType === mediaTypes.ociManifest) return { ...options, manifestMIMEType };
  throw new ImageError(
    "impossible-copy",
    `Layers compressed with zstd need ${mediaTypes.ociManifest}, but ${manifestMIMEType} was requested`,
  );
}
