import { isUtf8 } from "node:buffer";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

/**
 * Returns the absolute path. It contains `/proc/self/cwd` if the working folder has a path that is not UTF-8, which Node
 * cannot represent.
 */
export function absolutePathOf(given: string): string {
  if (path.isAbsolute(given)) return path.resolve(given);
  const folder = workingFolder(given);
  const isInexact = folder.includes("\uFFFD") && existsSync(ownFolder);
  return path.resolve(isInexact ? ownFolder : folder, given);
}

function workingFolder(given: string): string {
  try {
    return process.cwd();
  } catch (cause) {
    const message = `${given} cannot be found: the working folder was removed; change to another folder, or use an absolute path`;
    throw new ImageError("invalid-reference", message, { cause });
  }
}

const ownFolder = "/proc/self/cwd";

/** The path without symbolic links; the path itself if that is not UTF-8. @throws the error of the system */
export async function realPathOf(file: string): Promise<string> {
  const real = await realpath(file, "buffer");
  return isUtf8(real) ? real.toString() : file;
}
