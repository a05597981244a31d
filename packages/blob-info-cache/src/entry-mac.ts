import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Digest } from "@drayage/core";
import type { CompressedForm } from "@drayage/core/blob-info-cache";
import { isOwnFile, makeOwnFolder, temporaryName } from "@drayage/transport-kit/files";

import { formatCompression } from "./form-text.ts";

/** Returns the message authentication code of a compressed form. */
export type EntryMAC = (digest: Digest, form: CompressedForm) => string;

/**
 * Reads the key for MACs. Generates a new key if there is none, or if another user could have written it.
 * @throws ImageError `denied` if other users can write to its folder; an error of the file system
 */
export function entryMAC(keyFile: string): EntryMAC {
  makeOwnFolder(path.dirname(keyFile));
  const key = readKey(keyFile) ?? newKey(keyFile);
  return (digest, form) =>
    createHmac("sha256", key)
      .update([digest, form.digest, form.size, formatCompression(form)].join("\n"))
      .digest("base64");
}

const keySize = 32;

/** Returns undefined if the key is absent, incomplete, or not a regular file of this user. */
function readKey(keyFile: string): Buffer | undefined {
  if (!isOwnFile(keyFile)) return undefined;
  const key = readFileSync(keyFile);
  return key.byteLength === keySize ? key : undefined;
}

/** If several processes generate a key at once, the last key stays. Entries with MACs of the other keys are ignored. */
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
