import "./supported-node.ts";

export type { BlobInfoCache } from "./contract/blob-info-cache.ts";
export type { BlobInfo, BlobLocation, Descriptor } from "./contract/blob-info.ts";
export type { ByteRange } from "./contract/byte-range.ts";
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
export type { CollectOptions, Garbage } from "./contract/garbage.ts";
export type { ImageListing, ListedImage } from "./contract/image-listing.ts";
export { imageName } from "./contract/image-reference.ts";
export type {
  DeleteImageOptions,
  ImageReference,
  NewImageSourceOptions,
} from "./contract/image-reference.ts";
export type {
  BlobStat,
  GetBlobOptions,
  ImageSource,
  Referrer,
  ReferrersOptions,
  SourceOffers,
} from "./contract/image-source.ts";
export type { ImageTransport } from "./contract/image-transport.ts";
export type {
  EncryptedLayer,
  LayerDecrypter,
  LayerEncrypter,
} from "./contract/layer-encryption.ts";
export type { Notice } from "./contract/notice.ts";
export type { OperationOptions } from "./contract/operation-options.ts";
export type { RawManifest } from "./contract/raw-manifest.ts";
export { Retries } from "./contract/retries.ts";
export type { FailedAttempt, Retry, RetrySettings, RunOptions } from "./contract/retries.ts";
export { formatSignature, parseSignature } from "./contract/signature.ts";
export type { Signature } from "./contract/signature.ts";
export { implicitPathOf } from "./contract/system-context.ts";
export type { SystemContext } from "./contract/system-context.ts";
export type { CopyEvent } from "./copy/copy-event.ts";
export { copyEvents, copyImage, previewCopy } from "./copy/copy-image.ts";
export type { CopyOptions, EncryptionOptions } from "./copy/copy-options.ts";
export type { CopyPlan } from "./copy/copy-plan.ts";
export type { CopyTarget, CopyToManyOptions, DestinationResult } from "./copy/copy-to-many.ts";
export type { CopyResult, DigestChange } from "./copy/copy-result.ts";
export type { ImageInspectInfo } from "./image/image-inspect-info.ts";
export type { ImagePolicy } from "./image/image-policy.ts";
export { imageOf, openImage } from "./image/image.ts";
export type { Image, OpenImageOptions } from "./image/image.ts";
export type { InstanceSelection } from "./image/instance-selection.ts";
export type { ReferrerSelection } from "./image/referrer-selection.ts";
export { UnparsedImage } from "./image/unparsed-image.ts";
export type { VerifiedManifest } from "./image/unparsed-image.ts";
export type { ManifestUpdateInformation, ManifestUpdateOptions } from "./manifest/edit-manifest.ts";
export type { Manifest } from "./manifest/manifest.ts";
export { mediaTypes } from "./manifest/media-types.ts";
export { formatPlatform, hostPlatform, parsePlatform } from "./manifest/platform.ts";
export type { Platform } from "./manifest/platform.ts";
export {
  algorithmOf,
  digestHasher,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
} from "./names/digest.ts";
export type { Digest, DigestAlgorithm, DigestHasher } from "./names/digest.ts";
export type { NamedReference } from "./names/docker-reference.ts";
export { ImageError, isImageError } from "./names/image-error.ts";
export type { ImageErrorCode, ImageErrorOptions } from "./names/image-error.ts";
export { Transports } from "./reference/transports.ts";
