import { manifestDigestOf } from "@drayage/core/manifest";

import { UsageError } from "../../flags/usage-error.ts";
import { writeResult } from "../../process/standard-streams.ts";
import { readFileArgument } from "./signing-files.ts";
import { fullReference } from "./standalone-sign.ts";

export interface StandaloneVerifyFlags {
  readonly publicKeyFile?: string;
}

/** The arguments of `standalone-verify`. */
interface VerifyArguments {
  readonly manifest: string;
  readonly reference: string;
  readonly fingerprints: string;
  readonly signature: string;
}

/** `drayage standalone-verify` */
export async function standaloneVerify(
  { manifest, reference, fingerprints, signature }: VerifyArguments,
  { publicKeyFile }: StandaloneVerifyFlags,
  signal: AbortSignal,
): Promise<void> {
  if (fingerprints === "any" && publicKeyFile === undefined)
    throw new UsageError("any requires --public-key-file; name the fingerprints of keys of gpg");
  const listed = fingerprints === "any" ? undefined : fingerprints.split(",");
  const bytes = await readFileArgument(manifest, signal);
  const dockerReference = fullReference(reference);
  const { exportedKeys, verifySimple } = await import("@drayage/signature");
  const keyring =
    publicKeyFile === undefined
      ? await exportedKeys(listed ?? [], { signal })
      : await readFileArgument(publicKeyFile, signal);
  const manifestDigest = manifestDigestOf({ bytes });
  const { fingerprint } = await verifySimple(await readFileArgument(signature, signal), [keyring], {
    manifestDigest,
    dockerReference,
    fingerprints: listed,
  });
  await writeResult(
    `Signature verified using fingerprint ${fingerprint}, digest ${manifestDigest}\n`,
  );
}
