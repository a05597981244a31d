import { ImageError } from "@drayage/core";

/** A command for buckets received another location. */
export function notInBucket(location: string): ImageError {
  return new ImageError("unsupported", `${location} is not in a bucket; write s3://BUCKET/PREFIX`);
}
