import "../supported-node.ts";

export type { CompressedLayer, LayerCompressor } from "../compression/layer-compressor.ts";
export type { EmbeddedName } from "../schema1/edit-schema1.ts";
export type {
  BlobTransform,
  CompressionChange,
  LayerTransform,
  RecompressionChange,
} from "./blob-transform.ts";
export { conversionLedgerType } from "./conversion-ledger.ts";
export type {
  ConversionLedger,
  ConversionLedgerOptions,
  LedgerChange,
  LedgerEntry,
  LeftReferrer,
  WrittenLedger,
} from "./conversion-ledger.ts";
export type { CachedBlob, CopyFacts, ManifestFacts, ReferrerFacts } from "./copy-facts.ts";
export type { ExecuteOptions, PlanOptions } from "./copy-options.ts";
export type {
  AddedVariant,
  BlobStep,
  CommitStep,
  CopyStep,
  LedgerStep,
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
