import { digestOf } from "@drayage/core";
import type {
  CopyPlan,
  Descriptor,
  DestinationAccepts,
  Digest,
  Signature,
  VerifiedManifest,
} from "@drayage/core";
import type {
  BlobTransform,
  CompressionChange,
  CopyStep,
  ReuseCandidate,
} from "@drayage/core/copy";
import fc from "fast-check";

import type { RecordedOptions, StoredPlan } from "../src/stored-plan.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const count = fc.nat();
const bytes = fc.uint8Array({ maxLength: 40 }).map((array): Uint8Array => Buffer.from(array));
const digest: fc.Arbitrary<Digest> = fc
  .tuple(bytes, fc.constantFrom("sha256", "sha384", "sha512"))
  .map(([content, algorithm]) => digestOf(content, algorithm));
const textRecord = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });

/** An object whose fields may be missing, except for the required ones. */
function some<Fields extends object>(
  fields: { readonly [Name in keyof Required<Fields>]: fc.Arbitrary<Fields[Name]> },
  ...required: (keyof Fields & string)[]
): fc.Arbitrary<Fields> {
  const options = { requiredKeys: required as never[], noNullPrototype: true };
  return fc.record(fields, options) as never;
}

const list = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> =>
  fc.array(value, { maxLength: 3 });

const descriptor = some<Descriptor>(
  {
    digest,
    size: count,
    mediaType: text,
    urls: list(text),
    annotations: textRecord,
    artifactType: text,
  },
  "digest",
  "size",
  "mediaType",
);

const manifest: fc.Arbitrary<VerifiedManifest> = fc
  .tuple(bytes, fc.option(text, { nil: undefined }))
  .map(([content, mediaType]) => ({
    bytes: content,
    digest: digestOf(content),
    ...(mediaType !== undefined && { mediaType }),
  }));

const platform = some<NonNullable<RecordedOptions["platform"]>>(
  { os: text, architecture: text, variant: text, osVersion: text, osFeatures: list(text) },
  "os",
  "architecture",
);

const location = some<NonNullable<ReuseCandidate["location"]>>(
  { transport: text, scope: text, path: text, description: text },
  "transport",
  "path",
);

const candidate = some<ReuseCandidate>(
  {
    blob: descriptor,
    compression: fc.constantFrom("gzip", "zstd"),
    compressor: some<NonNullable<ReuseCandidate["compressor"]>>(
      { name: text, annotations: textRecord },
      "name",
      "annotations",
    ),
    location,
    onlyIfPresent: fc.boolean(),
  },
  "blob",
);

const format = fc.constantFrom("gzip" as const, "zstd" as const);
const zstdFrames = fc.constantFrom("one" as const, "parallel" as const);
const change: fc.Arbitrary<CompressionChange> = fc.oneof(
  some<Extract<CompressionChange, { readonly kind: "compress" }>>(
    { kind: fc.constant("compress"), format, level: count, zstdFrames },
    "kind",
    "format",
  ),
  some<Extract<CompressionChange, { readonly kind: "recompress" }>>(
    {
      kind: fc.constant("recompress"),
      format,
      level: count,
      zstdFrames,
      compressor: some({ name: text, annotation: text }, "name", "annotation"),
      keepsReused: fc.boolean(),
    },
    "kind",
    "format",
  ),
  fc.constant({ kind: "decompress" as const }),
);

const transform: fc.Arbitrary<BlobTransform> = fc.oneof(
  fc.constant({ kind: "preserve" as const }),
  fc.constant({ kind: "oci-config" as const }),
  some<Extract<BlobTransform, { readonly kind: "layer" }>>(
    {
      kind: fc.constant("layer"),
      decrypt: fc.boolean(),
      compression: change,
      encrypt: fc.boolean(),
    },
    "kind",
  ),
);

const signature: fc.Arbitrary<Signature> = fc.oneof(
  some<Extract<Signature, { readonly kind: "simple-signing" }>>(
    { kind: fc.constant("simple-signing"), bytes },
    "kind",
    "bytes",
  ),
  some<Extract<Signature, { readonly kind: "sigstore" }>>(
    { kind: fc.constant("sigstore"), mediaType: text, payload: bytes, annotations: textRecord },
    "kind",
    "mediaType",
    "payload",
    "annotations",
  ),
);

const step: fc.Arbitrary<CopyStep> = fc.oneof(
  some<Extract<CopyStep, { readonly kind: "blob" }>>(
    {
      kind: fc.constant("blob"),
      blob: descriptor,
      isConfig: fc.boolean(),
      transform,
      variant: text,
      needsDiffID: fc.boolean(),
      digest,
      candidates: list(candidate),
      reason: text,
    },
    ...(["kind", "blob", "isConfig", "transform", "candidates", "reason"] as const),
  ),
  some<Extract<CopyStep, { readonly kind: "manifest" }>>(
    {
      kind: fc.constant("manifest"),
      raw: manifest,
      isInstance: fc.boolean(),
      platform,
      subject: digest,
      tag: text,
      mediaType: text,
      fallbacks: list(text),
      preserveReason: text,
      losses: list(text),
      omitted: list(digest),
      variant: text,
      added: list(some({ instance: digest, variant: text }, "instance", "variant")),
      encryptedLayers: list(count),
      missing: list(digest),
      digest,
      reason: text,
    },
    ...(["kind", "raw", "isInstance", "mediaType", "fallbacks"] as const),
    ...(["losses", "omitted", "missing", "reason"] as const),
  ),
  some<Extract<CopyStep, { readonly kind: "signatures" }>>(
    {
      kind: fc.constant("signatures"),
      manifest: digest,
      isInstance: fc.boolean(),
      signatures: list(signature),
      reason: text,
    },
    ...(["kind", "manifest", "isInstance", "signatures", "reason"] as const),
  ),
  some<Extract<CopyStep, { readonly kind: "ledger" }>>(
    { kind: fc.constant("ledger"), manifest: digest, reason: text },
    "kind",
    "manifest",
    "reason",
  ),
  some<Extract<CopyStep, { readonly kind: "commit" }>>(
    { kind: fc.constant("commit"), reason: text },
    "kind",
    "reason",
  ),
);

const requests = some({ perBlob: count, perManifest: count }, "perBlob", "perManifest");
const layers = fc.constantFrom("preserve" as const, "compress" as const, "decompress" as const);
const trueOrReason = fc.oneof(fc.constant(true as const), text);

const accepts = some<DestinationAccepts>(
  {
    manifestMIMETypes: list(text),
    preservesManifests: fc.boolean(),
    layers,
    generatedLayers: layers,
    foreignLayerURLs: fc.boolean(),
    sparseIndexes: trueOrReason,
    signatures: trueOrReason,
    sigstoreSignatures: trueOrReason,
    referrers: fc.boolean(),
    parallelBlobs: count,
    reuseBuffers: fc.boolean(),
    requests,
  },
  "layers",
  "foreignLayerURLs",
  "signatures",
  "parallelBlobs",
);

const plan = some<CopyPlan>(
  {
    source: text,
    destination: text,
    sourceDigest: digest,
    digest,
    steps: list(step),
    reused: list(descriptor),
    top: manifest,
    existing: manifest,
    isNew: fc.boolean(),
    cost: some({ blobBytes: count, requests: count }, "blobBytes", "requests"),
    conditions: some<CopyPlan["conditions"]>(
      {
        currentDigest: digest,
        offers: some<CopyPlan["conditions"]["offers"]>(
          {
            parallelBlobs: count,
            ranges: fc.boolean(),
            generatesManifests: fc.boolean(),
            storedDigests: fc.boolean(),
            isLocal: fc.boolean(),
            requests,
          },
          "parallelBlobs",
          "ranges",
        ),
        accepts,
        isSameStore: fc.boolean(),
      },
      "offers",
      "accepts",
      "isSameStore",
    ),
  },
  ...(["source", "destination", "sourceDigest", "steps", "reused", "top", "cost"] as const),
  "conditions",
);

const options = some<RecordedOptions>({
  instances: fc.oneof(
    fc.constantFrom("system" as const, "all" as const, "index-only" as const),
    some({ platforms: list(platform) }, "platforms"),
  ),
  platform,
  requirePlatform: fc.boolean(),
  missingInstances: fc.constantFrom("strip" as const, "keep" as const),
  preserveDigests: fc.boolean(),
  manifestMIMEType: text,
  compression: fc.oneof(
    fc.constantFrom("gzip" as const, "zstd" as const, "none" as const),
    some({ format: text, level: count, zstdFrames, force: fc.boolean() }),
  ),
  ensureCompressionVariantsExist: list(some({ format: text, level: count, zstdFrames }, "format")),
  digestAlgorithm: fc.constantFrom("sha256" as const, "sha384" as const, "sha512" as const),
  removeSignatures: fc.boolean(),
  referrers: fc.oneof(fc.boolean(), some({ artifactTypes: list(text) }, "artifactTypes")),
  conversionLedger: fc.oneof(fc.boolean(), some({ tool: text, created: text })),
  downloadForeignLayers: fc.boolean(),
  repair: fc.boolean(),
});

/** Plans with any values in all their fields. */
export const storedPlans: fc.Arbitrary<StoredPlan> = fc.record(
  { plan, options },
  { noNullPrototype: true },
);
