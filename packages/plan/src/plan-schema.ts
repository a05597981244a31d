import type {
  BlobLocation,
  CopyPlan,
  Descriptor,
  DestinationAccepts,
  Platform,
  Signature,
  SourceOffers,
  VerifiedManifest,
} from "@drayage/core";
import type {
  AddedVariant,
  BlobStep,
  BlobTransform,
  CommitStep,
  CompressionChange,
  CopyStep,
  LayerTransform,
  LedgerStep,
  ManifestStep,
  PlanConditions,
  RecompressionChange,
  ReuseCandidate,
  SignaturesStep,
} from "@drayage/core/copy";
import * as v from "valibot";

import { bytes, count, digest, exactly, oneKindOf, text, textRecord } from "./document-values.ts";

/** A platform. */
export const platformSchema: v.GenericSchema<unknown, Platform> = exactly<Platform>()({
  os: text,
  architecture: text,
  variant: v.optional(text),
  osVersion: v.optional(text),
  osFeatures: v.optional(v.array(text)),
});

const descriptorSchema = exactly<Descriptor>()({
  digest,
  size: count,
  mediaType: text,
  urls: v.optional(v.array(text)),
  annotations: v.optional(textRecord),
  artifactType: v.optional(text),
});

const manifestSchema = exactly<VerifiedManifest>()({
  digest,
  bytes,
  mediaType: v.optional(text),
});

const locationSchema = exactly<BlobLocation>()({
  transport: text,
  scope: v.optional(text),
  path: text,
  description: v.optional(text),
});

const candidateSchema = exactly<ReuseCandidate>()({
  blob: descriptorSchema,
  compression: v.optional(v.picklist(["gzip", "zstd"])),
  compressor: v.optional(
    exactly<NonNullable<ReuseCandidate["compressor"]>>()({ name: text, annotations: textRecord }),
  ),
  location: v.optional(locationSchema),
  onlyIfPresent: v.optional(v.boolean()),
});

const compressionFields = {
  format: v.picklist(["gzip", "zstd"]),
  level: v.optional(count),
  zstdFrames: v.optional(v.picklist(["one", "parallel"])),
} as const;

const compressorSchema = exactly<NonNullable<RecompressionChange["compressor"]>>()({
  name: text,
  annotation: text,
});

const compressionChangeSchema = oneKindOf<CompressionChange>()({
  compress: exactly<Extract<CompressionChange, { readonly kind: "compress" }>>()({
    kind: v.literal("compress"),
    ...compressionFields,
  }),
  recompress: exactly<RecompressionChange>()({
    kind: v.literal("recompress"),
    ...compressionFields,
    compressor: v.optional(compressorSchema),
    keepsReused: v.optional(v.boolean()),
  }),
  decompress: exactly<Extract<CompressionChange, { readonly kind: "decompress" }>>()({
    kind: v.literal("decompress"),
  }),
});

const transformSchema = oneKindOf<BlobTransform>()({
  preserve: exactly<{ readonly kind: "preserve" }>()({ kind: v.literal("preserve") }),
  layer: exactly<LayerTransform>()({
    kind: v.literal("layer"),
    decrypt: v.optional(v.boolean()),
    compression: v.optional(compressionChangeSchema),
    encrypt: v.optional(v.boolean()),
  }),
  "oci-config": exactly<{ readonly kind: "oci-config" }>()({ kind: v.literal("oci-config") }),
});

const blobSchema = exactly<BlobStep>()({
  kind: v.literal("blob"),
  blob: descriptorSchema,
  isConfig: v.boolean(),
  transform: transformSchema,
  variant: v.optional(text),
  needsDiffID: v.optional(v.boolean()),
  digest: v.optional(digest),
  candidates: v.array(candidateSchema),
  reason: text,
});

const manifestStepSchema = exactly<ManifestStep>()({
  kind: v.literal("manifest"),
  raw: manifestSchema,
  isInstance: v.boolean(),
  platform: v.optional(platformSchema),
  subject: v.optional(digest),
  tag: v.optional(text),
  mediaType: text,
  fallbacks: v.array(text),
  preserveReason: v.optional(text),
  losses: v.array(text),
  omitted: v.array(digest),
  variant: v.optional(text),
  added: v.optional(v.array(exactly<AddedVariant>()({ instance: digest, variant: text }))),
  encryptedLayers: v.optional(v.array(count)),
  missing: v.array(digest),
  digest: v.optional(digest),
  reason: text,
});

const signatureSchema = oneKindOf<Signature>()({
  "simple-signing": exactly<Extract<Signature, { readonly kind: "simple-signing" }>>()({
    kind: v.literal("simple-signing"),
    bytes,
  }),
  sigstore: exactly<Extract<Signature, { readonly kind: "sigstore" }>>()({
    kind: v.literal("sigstore"),
    mediaType: text,
    payload: bytes,
    annotations: textRecord,
  }),
});

const stepSchema = oneKindOf<CopyStep>()({
  blob: blobSchema,
  manifest: manifestStepSchema,
  signatures: exactly<SignaturesStep>()({
    kind: v.literal("signatures"),
    manifest: digest,
    isInstance: v.boolean(),
    signatures: v.array(signatureSchema),
    reason: text,
  }),
  ledger: exactly<LedgerStep>()({ kind: v.literal("ledger"), manifest: digest, reason: text }),
  commit: exactly<CommitStep>()({ kind: v.literal("commit"), reason: text }),
});

const requestsSchema = exactly<NonNullable<SourceOffers["requests"]>>()({
  perBlob: count,
  perManifest: count,
});

const layersSchema = v.picklist(["preserve", "compress", "decompress"]);
const trueOrReason = v.union([v.literal(true), text]);

const offersSchema = exactly<SourceOffers>()({
  parallelBlobs: count,
  ranges: v.boolean(),
  generatesManifests: v.optional(v.boolean()),
  storedDigests: v.optional(v.boolean()),
  isLocal: v.optional(v.boolean()),
  requests: v.optional(requestsSchema),
});

const acceptsSchema = exactly<DestinationAccepts>()({
  manifestMIMETypes: v.optional(v.array(text)),
  preservesManifests: v.optional(v.boolean()),
  layers: layersSchema,
  generatedLayers: v.optional(layersSchema),
  foreignLayerURLs: v.boolean(),
  sparseIndexes: v.optional(trueOrReason),
  signatures: trueOrReason,
  sigstoreSignatures: v.optional(trueOrReason),
  referrers: v.optional(v.boolean()),
  parallelBlobs: count,
  reuseBuffers: v.optional(v.boolean()),
  requests: v.optional(requestsSchema),
});

/** The plan of a copy. */
export const planSchema: v.GenericSchema<unknown, CopyPlan> = exactly<CopyPlan>()({
  source: text,
  destination: text,
  sourceDigest: digest,
  digest: v.optional(digest),
  steps: v.array(stepSchema),
  reused: v.array(descriptorSchema),
  top: manifestSchema,
  existing: v.optional(manifestSchema),
  isNew: v.optional(v.boolean()),
  cost: exactly<CopyPlan["cost"]>()({ blobBytes: count, requests: count }),
  conditions: exactly<PlanConditions>()({
    currentDigest: v.optional(digest),
    offers: offersSchema,
    accepts: acceptsSchema,
    isSameStore: v.boolean(),
  }),
});
