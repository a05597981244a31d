import "../supported-node.ts";

export type {
  BlobFact,
  BlobScope,
  CachedBlob,
  CompressedForm,
} from "../contract/blob-info-cache.ts";
