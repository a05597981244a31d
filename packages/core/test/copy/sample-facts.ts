import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { Signature } from "../../src/contract/signature.ts";
import type { BlobTransform } from "../../src/copy/blob-transform.ts";
import type { CopyFacts, ManifestFacts } from "../../src/copy/copy-facts.ts";
import type { CopyPlan } from "../../src/copy/copy-plan.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { SampleImage } from "../sample-images.ts";

/** The facts of an image to copy. */
export function factsOf(image: SampleImage, signatures: readonly Signature[] = []): ManifestFacts {
  return {
    raw: image.manifest,
    manifest: parseManifest(image.manifest),
    platform: image.platform,
    signatures,
    instances: image.instances.map((instance) => factsOf(instance)),
  };
}

/** The facts of a copy to a destination that accepts everything, except for what `accepts` restricts. */
export function copyFacts(
  top: ManifestFacts,
  accepts: Partial<DestinationAccepts> = {},
  more: Partial<CopyFacts> = {},
): CopyFacts {
  return {
    source: "memory:a",
    destination: "memory:b",
    sourceDigest: top.raw.digest,
    top,
    referrers: [],
    offers: { parallelBlobs: 6, ranges: true },
    accepts: {
      manifestMIMETypes: undefined,
      layers: "preserve",
      foreignLayerURLs: false,
      signatures: true,
      parallelBlobs: 6,
      ...accepts,
    },
    pinned: undefined,
    currentDigest: undefined,
    present: new Set(),
    reusable: new Set(),
    ...more,
  };
}

/** A short text for the steps of a plan. */
export function kinds({ steps }: CopyPlan): string {
  return steps
    .map((step) => {
      switch (step.kind) {
        case "blob":
          return step.isConfig
            ? "config"
            : `layer ${transformName(step.transform)}${step.digest ? "" : "?"}`;
        case "manifest":
          return `${step.isInstance ? "instance" : "top"}${step.digest ? "" : "?"}`;
        case "signatures":
        case "ledger":
        case "commit":
          return step.kind;
      }
    })
    .join(", ");
}

/** `preserve`, `compress`, `decompress`, or the requested compression. */
function transformName(transform: BlobTransform): string {
  if (transform.kind !== "layer") return transform.kind;
  const { compression } = transform;
  if (compression === undefined) return "preserve";
  return compression.kind === "recompress" ? compression.format : compression.kind;
}
