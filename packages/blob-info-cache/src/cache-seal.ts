import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Digest } from "@drayage/core";
import type { PackedForm } from "@drayage/core/blob-info-cache";
import { isOwnFile, makeOwnFolder, temporaryName } from "@drayage/transport-kit/files";

/** Shows that a fact was written by who has the key. */
export type Seal = (digest: Digest, form: PackedForm) => string;

/**
 * Reads the key, or makes one where there is none, or where another user could have written it.
 * @throws ImageError `denied` where others may write to its folder; the error of the file system
 */
export function sealWith(keyFile: string): Seal {
  makeOwnFolder(path.dirname(keyFile));
  const key = readKey(keyFile) ?? newKey(keyFile);
  return (digest, form) =>
    createHmac("sha256", key)
      .update([digest, form.digest, form.size, form.compression].join("\n"))
      .digest("base64");
}

const keySize = 32;

/** Undefined also for one that a process was killed while it wrote, and for what is no file of this user. */
function readKey(keyFile: string): Buffer | undefined {
  if (!isOwnFile(keyFile)) return undefined;
  const key = readFileSync(keyFile);
  return key.byteLength === keySize ? key : undefined;
}

/** Where several make one at once, the last one stays; what was sealed with the others is learnt again. */
function newKey(keyFile: string): Buffer {
  const key = randomBytes(keySize);
  const temporary = path.join(path.dirname(keyFile), temporaryName());
  writeFileSync(temporary, key, { flag: "wx", mode: 0o600 });
  try {
    renameSync(temporary, keyFile);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return key;
}
