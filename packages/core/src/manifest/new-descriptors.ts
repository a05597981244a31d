import type { Descriptor } from "../contract/blob-info.ts";
import { isDigest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

/**
 * Checks the new descriptors of an edit, so that it cannot write a manifest that no program reads. `where` names their
 * field. undefined removes an entry.
 * @throws ImageError `impossible-copy`
 */
export function requireNewDescriptors(
  where: "layers" | "manifests",
  descriptors: readonly (Descriptor | undefined)[],
  count: number,
): void {
  if (descriptors.length !== count)
    throw impossibleEdit(`it has ${count} ${where}; pass as many, not ${descriptors.length}`);
  for (const [at, descriptor] of descriptors.entries()) {
    const problem = descriptor && problemOf(descriptor);
    if (problem !== undefined) throw impossibleEdit(`the new ${where}[${at}] ${problem}`);
  }
}

function problemOf({ digest, size, mediaType }: Descriptor): string | undefined {
  if (!isDigest(digest)) return "has no valid digest; pass the digest of the stored bytes";
  if (!Number.isSafeInteger(size) || size < 0)
    return `has the size ${size}; pass the number of the stored bytes`;
  return mediaType === "" ? "has no mediaType; pass the type of the stored bytes" : undefined;
}

function impossibleEdit(why: string): ImageError {
  return new ImageError("impossible-copy", `The manifest cannot be edited: ${why}`);
}
