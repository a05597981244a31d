import { isUtf8 } from "node:buffer";
import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";

import { ImageError, isImageError } from "@drayage/core";

import { absolutePathOf } from "./exact-path.ts";

/**
 * Returns the absolute path without symbolic links. All components except the last must exist.
 * @throws ImageError `invalid-reference` if the parent folder is missing or the path is a dangling link
 */
export function explicitPathOf(given: string): string {
  const absolute = absolutePathOf(given);
  const existing = realPathOf(absolute);
  if (existing !== undefined) return existing;
  if (isLink(absolute)) {
    throw new ImageError("invalid-reference", `${given} is a symbolic link to a missing file`);
  }
  const folder = realPathOf(path.dirname(absolute));
  if (folder === undefined) {
    throw new ImageError(
      "invalid-reference",
      `The folder ${path.dirname(absolute)} does not exist; create it first`,
    );
  }
  return path.join(folder, path.basename(absolute));
}

function realPathOf(absolute: string): string | undefined {
  try {
    return asText(absolute, realpathSync.native(absolute, "buffer"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isImageError(error)) throw error;
    if (code === "ENOENT") return undefined;
    throw unusable(absolute, error);
  }
}

function unusable(absolute: string, cause: unknown): ImageError {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : code;
  const message = `${absolute} cannot be used: ${reason}`;
  return new ImageError("invalid-reference", message, { cause });
}

/** Returns the given path for a real path that is not UTF-8, if it contains a descriptor of this process. */
function asText(absolute: string, real: Buffer): string {
  if (isUtf8(real)) return real.toString();
  if (/^\/proc\/self\/(?:cwd|fd\/\d+)(?:\/|$)/.test(absolute)) return absolute;
  throw new ImageError(
    "invalid-reference",
    `${absolute} refers to a path that is not UTF-8; rename that path`,
  );
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user has no permission for a parent folder",
  ELOOP: "its symbolic links form a loop",
  ENAMETOOLONG: "the name is too long for the file system",
  ENOTDIR: "its parent is a file, not a folder",
};

function isLink(absolute: string): boolean {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch (error) {
    throw unusable(absolute, error);
  }
}
