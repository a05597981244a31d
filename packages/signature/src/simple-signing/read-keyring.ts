import { ImageError } from "@drayage/core";
import type { PublicKey } from "openpgp";

import { loadOpenPGP } from "./load-openpgp.ts";

const armorStart = "-----BEGIN PGP";

/**
 * Reads the public keys of a keyring: binary, or one or more armored blocks.
 * @throws ImageError `untrusted` for a keyring without keys
 */
export async function readKeyring(bytes: Uint8Array): Promise<readonly PublicKey[]> {
  const { readKeys } = await loadOpenPGP();
  const keys: PublicKey[] = [];
  try {
    for (const block of armoredBlocks(bytes))
      keys.push(...(await readKeys({ armoredKeys: block })).map((key) => key.toPublic()));
    if (keys.length === 0)
      keys.push(...(await readKeys({ binaryKeys: bytes })).map((key) => key.toPublic()));
  } catch (cause) {
    const { message } = cause as Error;
    throw new ImageError("untrusted", `Invalid OpenPGP keyring: ${message}`, { cause });
  }
  if (keys.length > 0) return keys;
  throw new ImageError("untrusted", "An OpenPGP keyring contains no public key");
}

function armoredBlocks(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.trimStart().startsWith(armorStart)) return [];
  const [, ...blocks] = text.split(`${armorStart} PUBLIC KEY BLOCK-----`);
  return blocks.map((block) => `${armorStart} PUBLIC KEY BLOCK-----${block}`);
}
