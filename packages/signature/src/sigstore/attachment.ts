import { ImageError } from "@drayage/core";
import type { Signature } from "@drayage/core";

import { decodedBase64 } from "./base64.ts";

/** A signature that cosign attaches with a tag, `sha256-….sig` (cosign, specs/SIGNATURE_SPEC.md). */
export type SigstoreSignature = Extract<Signature, { readonly kind: "sigstore" }>;

/** Media types and annotations of attached signatures. */
export const attachment = {
  payloadType: "application/vnd.dev.cosign.simplesigning.v1+json",
  signature: "dev.cosignproject.cosign/signature",
  certificate: "dev.sigstore.cosign/certificate",
  chain: "dev.sigstore.cosign/chain",
  rekorEntry: "dev.sigstore.cosign/bundle",
} as const;

/** An annotation of a signature. @throws ImageError `untrusted` if it is missing */
export function requiredAnnotation({ annotations }: SigstoreSignature, name: string): string {
  const value = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  if (value !== undefined) return value;
  throw new ImageError("untrusted", `a sigstore signature has no annotation ${name}`);
}

/** The bytes of a signature. @throws ImageError `untrusted` if they are not in base64 */
export function signatureBytes(signature: SigstoreSignature): Uint8Array {
  const bytes = decodedBase64(requiredAnnotation(signature, attachment.signature));
  if (bytes !== undefined) return bytes;
  throw new ImageError("untrusted", "a sigstore signature is not base64");
}
