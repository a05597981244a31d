import { ImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { runGPG } from "../gpg.ts";
import { claimTypes, parseClaim } from "../payload.ts";
import type { SignedClaim } from "../payload.ts";
import { openMessage } from "./open-message.ts";
import { readKeyring } from "./read-keyring.ts";

/** A verified simple signature. */
export interface VerifiedClaim {
  readonly claim: SignedClaim;
  /** The fingerprint of the primary key, in upper-case hex digits. */
  readonly fingerprint: string;
}

/** What a signature must be about, and by whom. */
export interface ExpectedClaim {
  readonly manifestDigest: Digest;
  /** With its tag or digest, exactly as in the signature. */
  readonly dockerReference: string;
  /** Fingerprints of primary keys, in hex digits of any case. Default: any key of the keyrings. */
  readonly fingerprints?: readonly string[] | undefined;
}

/**
 * Verifies a simple signature with keyrings, binary or armored.
 * @throws ImageError `untrusted` if it is not valid, or about another image or by another key
 */
export async function verifySimple(
  bytes: Uint8Array,
  keyrings: readonly Uint8Array[],
  { manifestDigest, dockerReference, fingerprints }: ExpectedClaim,
  now: Date = new Date(),
): Promise<VerifiedClaim> {
  const keys = (await Promise.all(keyrings.map(readKeyring))).flat();
  const { content, fingerprint } = await openMessage(bytes, keys, now);
  const accepted = fingerprints?.map((one) => one.toUpperCase());
  if (accepted?.includes(fingerprint) === false)
    throw new ImageError("untrusted", `The signature was made with the key ${fingerprint}`);
  const claim = parseClaim(content, claimTypes.simpleSigning);
  if (claim.manifestDigest !== manifestDigest)
    throw new ImageError(
      "untrusted",
      `The signature is for ${claim.manifestDigest}, not for ${manifestDigest}`,
    );
  if (claim.dockerReference !== dockerReference)
    throw new ImageError(
      "untrusted",
      `The signature is for the name ${JSON.stringify(claim.dockerReference)}, not for ${dockerReference}`,
    );
  return { claim, fingerprint };
}

/** Exports public keys of the user's gpg as a keyring. @throws ImageError `denied` if gpg has none of them */
export async function exportedKeys(
  fingerprints: readonly string[],
  options: OperationOptions = {},
): Promise<Uint8Array> {
  const keyring = await runGPG(["--export", ...fingerprints], options);
  if (keyring.byteLength > 0) return keyring;
  throw new ImageError(
    "denied",
    `gpg has no public key ${fingerprints.join(", ")}; import it first`,
  );
}
