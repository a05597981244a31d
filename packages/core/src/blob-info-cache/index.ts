import "../supported-node.ts";

export type {
  BlobFact,
  BlobScope,
  CachedBlob,
  CompressedForm,
  UncompressedForm,
} from "../contract/blob-info-cache.ts";
