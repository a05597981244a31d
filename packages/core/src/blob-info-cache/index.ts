import "../supported-node.ts";

export type { BlobFact, BlobScope, PackedForm, RecalledBlob } from "../contract/blob-info-cache.ts";
