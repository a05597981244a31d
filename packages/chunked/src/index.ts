export { zstdChunked } from "./zstd-chunked.ts";
