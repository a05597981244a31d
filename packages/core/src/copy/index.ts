import "../supported-node.ts";

export type { CompressedLayer, LayerCompressor } from "../compression/layer-compressor.ts";
export type { EmbeddedName } from "../schema1/edit-schema1.ts";
export type {
  BlobTransform,
  CompressionChange,
  LayerTransform,
  RecompressionChange,
} from "./blob-transform.ts";
export type { CachedBlob, CopyFacts, ManifestFacts, ReferrerFacts } from "./copy-facts.ts";
export type { ExecuteOptions, PlanOptions } from "./copy-options.ts";
export type {
  AddedVariant,
  BlobStep,
  CommitStep,
  CopyStep,
  ManifestStep,
  PlanConditions,
  ReuseCandidate,
  SignaturesStep,
} from "./copy-plan.ts";
export { executeCopy } from "./execute-copy.ts";
export { formatBytes, formatPlan } from "./format-plan.ts";
export { inspectCopy } from "./inspect-copy.ts";
export { planCopy } from "./plan-copy.ts";
export type { CompressionRequest, CompressionVariant } from "./compression-request.ts";
