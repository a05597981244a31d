import "./supported-node.ts";

export type {
  BlobFact,
  BlobInfoCache,
  BlobScope,
  PackedForm,
  RecalledBlob,
} from "./contract/blob-info-cache.ts";
export type { BlobInfo, BlobLocation, Descriptor } from "./contract/blob-info.ts";
export {
  gathered,
  gatheredStart,
  inOne,
  manifestSizeLimit,
  ranged,
} from "./content/byte-stream.ts";
export { compressed, compressionOf, decompressed, sniffed } from "./compression/compression.ts";
export type { Compression, DecompressionOptions, SniffedBytes } from "./compression/compression.ts";
export type {
  Decompress,
  DecompressionLimits,
  DecompressionTotal,
} from "./compression/decompression-limit.ts";
export { copyEvents, copyImage, previewCopy } from "./copy/copy-image.ts";
export type { CopyEvent } from "./copy/copy-event.ts";
export type { CopyFacts, ManifestFacts, ReferrerFacts, RememberedBlob } from "./copy/copy-facts.ts";
export type {
  CopyOptions,
  ExecuteOptions,
  ImagePolicy,
  InstanceSelection,
  PlanOptions,
  ReferrerSelection,
} from "./copy/copy-options.ts";
export type {
  BlobStep,
  BlobTransform,
  CommitStep,
  CopyPlan,
  CopyStep,
  ManifestStep,
  ReuseCandidate,
  SignaturesStep,
} from "./copy/copy-plan.ts";
export type { CopyResult, DigestChange } from "./copy/copy-result.ts";
export { executeCopy } from "./copy/execute-copy.ts";
export { formatBytes, formatPlan } from "./copy/format-plan.ts";
export { inspectCopy } from "./copy/inspect-copy.ts";
export { planCopy } from "./copy/plan-copy.ts";
export { digestTagsOf, referrersTagOf } from "./names/digest-tag.ts";
export {
  algorithmOf,
  digestHasher,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
} from "./names/digest.ts";
export type { Digest, DigestAlgorithm, DigestHasher } from "./names/digest.ts";
export {
  familiarNameOf,
  formatFamiliar,
  formatNamedReference,
  isTag,
  nameOf,
  parseNamedReference,
  withDefaultTag,
} from "./names/docker-reference.ts";
export type { NamedReference } from "./names/docker-reference.ts";
export type {
  BlobBody,
  CommittedImage,
  DestinationAccepts,
  ImageDestination,
  PutBlobOptions,
  PutManifestOptions,
  ReuseManifestOptions,
  ReuseOptions,
  ReusedBlob,
  ReusedManifest,
} from "./contract/image-destination.ts";
export type { ByteRange } from "./contract/byte-range.ts";
export { ImageError, isImageError } from "./names/image-error.ts";
export type { ImageErrorCode, ImageErrorOptions } from "./names/image-error.ts";
export type { ImageInspectInfo } from "./image/image-inspect-info.ts";
export { imageName } from "./contract/image-reference.ts";
export type { DeleteImageOptions, ImageReference } from "./contract/image-reference.ts";
export type {
  BlobStat,
  GetBlobOptions,
  ImageSource,
  OpenImages,
  Referrer,
  ReferrersOptions,
  SourceOffers,
} from "./contract/image-source.ts";
export type { ImageTransport } from "./contract/image-transport.ts";
export { imageOf, openImage } from "./image/image.ts";
export type { Image, OpenImageOptions } from "./image/image.ts";
export type { JSONFields, JSONShape } from "./json/json-shape.ts";
export { parseStrictJSON } from "./json/strict-json.ts";
export { chooseInstance, chooseInstances } from "./manifest/choose-instance.ts";
export { configShape } from "./manifest/config-shape.ts";
export { parseDescriptor } from "./manifest/descriptor.ts";
export { editManifest } from "./manifest/edit-manifest.ts";
export type { ManifestUpdateInformation, ManifestUpdateOptions } from "./manifest/edit-manifest.ts";
export { isJSONObject, parseJSONObject } from "./manifest/json-object.ts";
export type { JSONObject } from "./manifest/json-object.ts";
export { layerCompressionOf, withLayerCompression } from "./manifest/layer-media-types.ts";
export type { LayerCompression } from "./manifest/layer-media-types.ts";
export { manifestShape } from "./manifest/manifest-shape.ts";
export {
  blobsOf,
  instancesOf,
  isArtifact,
  isInstance,
  parseManifest,
} from "./manifest/manifest.ts";
export type {
  ArtifactManifest,
  ImageIndex,
  ImageManifest,
  InstanceDescriptor,
  Manifest,
} from "./manifest/manifest.ts";
export {
  bareMediaType,
  isIndexMediaType,
  isManifestMediaType,
  manifestMediaTypes,
  mediaTypes,
} from "./manifest/media-types.ts";
export type { ManifestMediaType } from "./manifest/media-types.ts";
export { requirePlatforms } from "./manifest/require-platforms.ts";
export { nearestOf } from "./reference/nearest-word.ts";
export type { Notice } from "./contract/notice.ts";
export type { OperationOptions } from "./contract/operation-options.ts";
export { formatPlatform, hostPlatform, parsePlatform } from "./manifest/platform.ts";
export type { Platform } from "./manifest/platform.ts";
export {
  dockerPolicyIdentity,
  dockerPolicyNamespaces,
  parentFolders,
  validatePathScope,
} from "./reference/policy-scope.ts";
export { messageLine, printable, printableLines, shortened } from "./names/printable.ts";
export type { RawManifest } from "./contract/raw-manifest.ts";
export { Retries } from "./contract/retries.ts";
export type { FailedAttempt, Retry, RetrySettings, RunOptions } from "./contract/retries.ts";
export { formatSignature, parseSignature } from "./contract/signature.ts";
export type { Signature } from "./contract/signature.ts";
export { implicitPathOf } from "./contract/system-context.ts";
export type { SystemContext } from "./contract/system-context.ts";
export { Transports } from "./reference/transports.ts";
export { UnparsedImage } from "./image/unparsed-image.ts";
export type { VerifiedManifest } from "./image/unparsed-image.ts";
export { checkDigest, verified } from "./content/verified-blob.ts";
export type { ExpectedBytes } from "./content/verified-blob.ts";
export type { BlobOutcome, VerifyEvent } from "./verify/verify-event.ts";
export { verifyImage } from "./verify/verify-image.ts";
export type { VerifyOptions } from "./verify/verify-options.ts";
export type { FoundBytes, ImagePart, VerifyProblem } from "./verify/verify-problem.ts";
export type { ProvenContent, VerifyResult } from "./verify/verify-result.ts";
