import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Digest } from "../digest.ts";
import { hasCode } from "../files/file-error.ts";
import type { PackedForm } from "./blob-info-cache.ts";

/** Shows that a fact was written by who has the key. */
export type Seal = (digest: Digest, form: PackedForm) => string;

/** Reads the key, or makes one where there is none. @throws the error of the file system */
export function sealWith(keyFile: string): Seal {
  const key = readKey(keyFile) ?? newKey(keyFile);
  return (digest, form) =>
    createHmac("sha256", key)
      .update([digest, form.digest, form.size, form.compression].join("\n"))
      .digest("base64");
}

const keySize = 32;

/** undefined also for one that somebody was killed writing. */
function readKey(keyFile: string): Buffer | undefined {
  try {
    const key = readFileSync(keyFile);
    return key.byteLength === keySize ? key : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Where several make one at once, the last one stays; what was sealed with the others is learnt again. */
function newKey(keyFile: string): Buffer {
  mkdirSync(path.dirname(keyFile), { recursive: true, mode: 0o700 });
  const key = randomBytes(keySize);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return key;
}
