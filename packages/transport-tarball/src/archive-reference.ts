import type { ImageReference } from "@drayage/core";

import { DockerArchiveReference } from "./docker-archive-reference.ts";
import { OCIArchiveReference } from "./oci-archive-reference.ts";

/** Whether the image is in an archive of `dockerArchive()` or `ociArchive()`: a file that is named by `file`. */
export function isArchiveReference(
  reference: ImageReference,
): reference is DockerArchiveReference | OCIArchiveReference {
  return reference instanceof DockerArchiveReference || reference instanceof OCIArchiveReference;
}
