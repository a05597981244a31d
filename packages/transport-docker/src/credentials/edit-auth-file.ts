import { lstat, readlink } from "node:fs/promises";
import path from "node:path";

import type { JSONObject, OperationOptions } from "@drayage/core";
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
 * Changes a file of credentials, in turn with others who do; undefined leaves it as it is. Only its owner may read it
 * afterwards. Where it is a link, the file to which that leads is changed.
 * @throws ImageError `unsupported` for a file that is broken, `denied`, `unavailable`; what `edit` throws
 */
export async function editAuthFile(
  place: string,
  edit: (file: AuthFile) => JSONObject | undefined | Promise<JSONObject | undefined>,
  options: OperationOptions,
): Promise<void> {
  const file = await targetOf(place);
  await refuseDevice(file);
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

/** Replaced by a file, `/dev/null` would be lost to everybody. */
async function refuseDevice(file: string): Promise<void> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined || status.isFile()) return;
  throw authFileError(file, "nothing can be kept in it, because it is not a plain file");
}

/** Links may also lead to where nothing is yet. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realPathOf(file);
  } catch (error) {
    if (hasCode(error, "ENOTDIR")) {
      throw authFileError(file, "what it is said to be in is not a folder");
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
