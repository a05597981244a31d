import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";

import { ImageError } from "./image-error.ts";

/**
 * The absolute path without symbolic links. All but the last component must exist.
 * @throws ImageError `invalid-reference` where the folder above is missing or the path is a dangling link
 */
export function explicitPathOf(given: string): string {
  const absolute = path.resolve(given);
  const existing = realPathOf(absolute);
  if (existing !== undefined) return existing;
  if (isLink(absolute)) {
    throw new ImageError("invalid-reference", `${given} is a link to a place that is not there`);
  }
  const folder = realPathOf(path.dirname(absolute));
  if (folder === undefined) {
    throw new ImageError(
      "invalid-reference",
      `The folder ${path.dirname(absolute)} is not there; make it first`,
    );
  }
  return path.join(folder, path.basename(absolute));
}

function realPathOf(absolute: string): string | undefined {
  try {
    return realpathSync.native(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new ImageError("invalid-reference", `${absolute} cannot be used: ${code}`, {
      cause: error,
    });
  }
}

function isLink(absolute: string): boolean {
  return lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
