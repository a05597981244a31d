import type { BlobLocation } from "@drayage/core";

/** The name of locations in the file system, whichever transport stores the file. */
const transport = "file";

/** A file as the location of a blob: destinations on the same machine can clone it. It is not cached. */
export function fileLocation(path: string): BlobLocation {
  return { transport, scope: undefined, path, description: path };
}

/** The path of a location that `fileLocation` returned; undefined for any other location. */
export function filePathOf(location: BlobLocation | undefined): string | undefined {
  return location?.transport === transport ? location.path : undefined;
}
