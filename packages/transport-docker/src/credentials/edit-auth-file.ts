import { lstat, readlink } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import type { JSONObject } from "@drayage/core/json";
import {
  hasCode,
  lockName,
  makeFolder,
  realPathOf,
  replaceFile,
  withLock,
} from "@drayage/transport-kit/files";

import { authFileError, parseAuthFile, readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";

/**
 * Edits a credentials file under a lock; if `edit` returns undefined, the file stays unchanged. Only the owner can
 * read the new file. A symbolic link is followed.
 * @throws ImageError `unsupported` for an invalid file; `denied`, `unavailable`; errors of `edit`
 */
export async function editAuthFile(
  location: string,
  edit: (file: AuthFile) => JSONObject | undefined | Promise<JSONObject | undefined>,
  options: OperationOptions,
): Promise<void> {
  const file = await targetOf(location);
  await rejectDevice(file);
  const folder = path.dirname(file);
  await makeFolder(folder, { mode: 0o700 });
  const change = async (): Promise<void> => {
    const before = await readAuthFile({ path: file }, options);
    const after = await edit(before ?? parseAuthFile({ path: file }, ""));
    if (after === undefined) return;
    const text = JSON.stringify(after, undefined, "\t");
    await replaceFile(file, Buffer.from(text), { ...options, mode: 0o600 });
  };
  await withLock(path.join(folder, lockName), change, options);
}

/** Replacing `/dev/null` by a file would break other programs. */
async function rejectDevice(file: string): Promise<void> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined || status.isFile()) return;
  throw authFileError(file, "it is not a regular file; name another file");
}

/** A link may have a missing target. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realPathOf(file);
  } catch (error) {
    if (hasCode(error, "ENOTDIR")) {
      throw authFileError(file, "its parent is not a folder");
    }
    if (!hasCode(error, "ENOENT")) throw error;
  }
  try {
    return await targetOf(path.resolve(path.dirname(file), await readlink(file)));
  } catch (error) {
    if (hasCode(error, "ENOENT", "EINVAL")) return file;
    throw error;
  }
}
