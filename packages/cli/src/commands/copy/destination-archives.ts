import { realpathSync } from "node:fs";
import path from "node:path";

import type { ImageReference } from "@drayage/core";

import type { SideFlags } from "../../flags/side-flag-table.ts";
import { UsageError } from "../../flags/usage-error.ts";

/** Transports whose package is loaded to find the file of an archive. */
const archives: ReadonlySet<string> = new Set(["docker-archive", "oci-archive"]);

/** Refuses two copies to one archive: the second would replace the first. @throws UsageError */
export async function refuseSharedArchives(
  destinations: readonly ImageReference[],
  { append }: SideFlags,
): Promise<void> {
  const candidates = destinations.filter(({ transport }) => archives.has(transport.name));
  if (append || candidates.length < 2) return;
  const { isArchiveReference } = await import("@drayage/transport-tarball");
  const files = candidates.filter(isArchiveReference).map(({ file }) => fileOf(file));
  const shared = files.find((file, at) => files.indexOf(file) !== at);
  if (shared !== undefined)
    throw new UsageError(
      `Two copies to ${shared} would replace each other; add both with --dest-append, or give a docker archive another name with --additional-tag`,
    );
}

/** The path of a file that may not exist yet, without links to its folder. */
function fileOf(file: string): string {
  if (file === "-") return file;
  const { dir, base } = path.parse(path.resolve(file));
  try {
    return path.join(realpathSync(dir), base);
  } catch {
    return path.join(dir, base);
  }
}
