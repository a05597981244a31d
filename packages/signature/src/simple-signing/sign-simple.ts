import type { OperationOptions, Signature } from "@drayage/core";

import { runGPG } from "../gpg.ts";
import { claimTypes, formatClaim } from "../payload.ts";
import type { SignedClaim } from "../payload.ts";

/** The key of a simple signature. */
export interface SimpleSigningKey {
  /** The fingerprint, the key id or the address of a key of the user's gpg. */
  readonly key: string;
  /** Unlocks the key without a prompt. Default: the agent of the user asks. */
  readonly passphrase?: string | undefined;
}

/**
 * Makes a simple signature (containers-signature.5) with a key of the user's gpg, which may be on a smart card.
 * @throws ImageError `unsupported` if gpg is missing; `denied` if it cannot use the key
 */
export async function signSimple(
  claim: SignedClaim,
  { key, passphrase }: SimpleSigningKey,
  options: OperationOptions = {},
): Promise<Extract<Signature, { readonly kind: "simple-signing" }>> {
  const input = formatClaim(claim, claimTypes.simpleSigning);
  const args = ["--local-user", key, "--sign", "--output", "-"];
  const bytes = await runGPG(args, { ...options, input, passphrase });
  return { kind: "simple-signing", bytes };
}
