import { writeFile } from "node:fs/promises";

import { ImageError } from "@drayage/core";
import { printable } from "@drayage/core/text";

import { writeResult } from "../../process/standard-streams.ts";
import { readPassphrase } from "./signing-files.ts";

export interface KeyFlags {
  readonly outputPrefix: string;
  readonly passphraseFile: string;
}

/** `drayage generate-sigstore-key` */
export async function writeSigstoreKey({ outputPrefix, passphraseFile }: KeyFlags): Promise<void> {
  const passphrase = await readPassphrase(passphraseFile);
  const { generateSigstoreKey } = await import("@drayage/signature");
  const { publicKey, privateKey } = await generateSigstoreKey(passphrase);
  const [publicFile, privateFile] = [`${outputPrefix}.pub`, `${outputPrefix}.private`];
  await writeNew(privateFile, privateKey, 0o600);
  await writeNew(publicFile, publicKey, 0o644);
  await writeResult(printable(`Key written to ${privateFile} and ${publicFile}`) + "\n");
}

async function writeNew(file: string, content: string, mode: number): Promise<void> {
  try {
    await writeFile(file, content, { mode, flag: "wx" });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new Error(`${file} cannot be written: ${message}`, { cause });
    throw new ImageError("conflict", `${file} exists; name another --output-prefix`, { cause });
  }
}
