import { ImageError } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import type { S3Reference } from "@drayage/transport-s3";

import { sideOf } from "../flags/side-flags.ts";
import { parseImageName } from "../images/image-name.ts";

/** @throws ImageError `unsupported` if `location` is not in a bucket */
export async function parseBucketReference(
  location: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<S3Reference> {
  const reference = await parseImageName(location, sideOf(flags, ""));
  if (isInBucket(reference)) return reference;
  throw new ImageError("unsupported", `${location} is not in a bucket; write s3://BUCKET/PREFIX`);
}

function isInBucket(reference: ImageReference): reference is S3Reference {
  return "collectGarbage" in reference;
}
