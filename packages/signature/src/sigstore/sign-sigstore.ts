import { sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

import type { Signature } from "@drayage/core";

import { claimTypes, formatClaim } from "../payload.ts";
import type { SignedClaim } from "../payload.ts";
import { attachment } from "./attachment.ts";

/** Makes a sigstore signature with a private key, as cosign attaches it. */
export function signSigstore(
  claim: SignedClaim,
  privateKey: KeyObject,
): Extract<Signature, { readonly kind: "sigstore" }> {
  const payload = formatClaim(claim, claimTypes.sigstore);
  const algorithm = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  const signature = sign(algorithm, payload, privateKey).toString("base64");
  return {
    kind: "sigstore",
    mediaType: attachment.payloadType,
    payload,
    annotations: { [attachment.signature]: signature },
  };
}
