export { fileBlobInfoCache, userCacheFiles } from "./file-blob-info-cache.ts";
export type { CacheFiles } from "./file-blob-info-cache.ts";
export { memoryBlobInfoCache } from "./memory-blob-info-cache.ts";
