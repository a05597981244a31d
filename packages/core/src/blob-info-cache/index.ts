import "../supported-node.ts";

export type {
  BlobFact,
  BlobScope,
  CachedBlob,
  CompressedForm,
  UsedCompressor,
  UncompressedForm,
} from "../contract/blob-info-cache.ts";
