import { writeFile } from "node:fs/promises";

import { ImageError } from "@drayage/core";
import { manifestDigestOf } from "@drayage/core/manifest";
import { formatNamedReference, parseNamedReference } from "@drayage/core/reference";

import { version } from "../../process/version.ts";
import { readFileArgument, readPassphrase } from "./signing-files.ts";

export interface StandaloneSignFlags {
  readonly output: string;
  readonly passphraseFile?: string;
}

/** `drayage standalone-sign` */
export async function standaloneSign(
  manifestFile: string,
  reference: string,
  key: string,
  { output, passphraseFile }: StandaloneSignFlags,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await readFileArgument(manifestFile, signal);
  const dockerReference = fullReference(reference);
  const passphrase = passphraseFile && (await readPassphrase(passphraseFile, signal));
  const { signSimple } = await import("@drayage/signature");
  const timestamp = Math.floor(Date.now() / 1000);
  const creator = `drayage ${version}`;
  const claim = {
    manifestDigest: manifestDigestOf({ bytes }),
    dockerReference,
    creator,
    timestamp,
  };
  const signature = await signSimple(claim, { key, passphrase }, { signal });
  await writeFile(output, signature.bytes);
}

/** A signature names one image, so the reference has a tag or a digest. */
export function fullReference(text: string): string {
  const reference = parseNamedReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined)
    return formatNamedReference(reference);
  throw new ImageError("invalid-reference", `${text} has no tag or digest; write ${text}:TAG`);
}
