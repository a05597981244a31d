import { lstat, stat } from "node:fs/promises";
import path from "node:path";

import { algorithmOf, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { verified } from "@drayage/core/content";

import { fileBytes } from "./file-bytes.ts";
import { hasCode } from "./file-error.ts";
import { isWritableOnlyByUser } from "./file-owner.ts";
import type { WrittenFile } from "./temporary-file.ts";
import { threadDigest, minThreadSize } from "./thread-digest.ts";

/** Reads and hashes a file. Returns false for other content, and if there is no regular file of this size. */
export async function isIntact(
  file: string,
  expected: WrittenFile,
  options: OperationOptions = {},
): Promise<boolean> {
  options.signal?.throwIfAborted();
  const status = await stat(file).catch(() => undefined);
  if (status?.isFile() !== true || status.size !== expected.size) return false;
  if (expected.size >= minThreadSize) {
    const digest = await threadDigest(file, algorithmOf(expected.digest), options);
    if (digest !== undefined) return digest === expected.digest;
  }
  try {
    await readVerified(file, expected, options);
    return true;
  } catch (error) {
    if (isImageError(error, "digest-mismatch") || hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Reads a complete file. @throws ImageError `digest-mismatch` for other content */
export async function readVerified(
  file: string,
  expected: WrittenFile,
  options: OperationOptions = {},
): Promise<void> {
  const bytes = verified(fileBytes(file, { ...options, reuseBuffers: true }), expected);
  let next = await bytes.next();
  while (next.done !== true) next = await bytes.next();
}

/**
 * Whether no other user can have written a file: the file and each folder up to `root` belong to this user or root, others
 * may not write to them, and none is a symbolic link. Assumes that the folders have not changed. Always true on systems
 * without owners.
 */
export async function isProtectedFile(file: string, root: string): Promise<boolean> {
  for (let at = file; ; at = path.dirname(at)) {
    const status = await lstat(at).catch(() => undefined);
    if (status === undefined || status.isSymbolicLink() || !isWritableOnlyByUser(status))
      return false;
    if (at === root) return true;
    if (at === path.dirname(at)) return false;
  }
}
