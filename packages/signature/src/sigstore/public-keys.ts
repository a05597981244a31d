import { createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";

/** `PUBLIC KEY` (RFC 5280) and `RSA PUBLIC KEY` (RFC 8017). A certificate or a private key is not a public key. */
const block = /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY)-----[\s\S]*?-----END \1-----/;

/** Parses the first PEM block of a file. @throws ImageError `untrusted` if it is not a public key */
export function parsePublicKey(bytes: Uint8Array): KeyObject {
  const text = Buffer.from(bytes).toString("latin1");
  const [pem] = block.exec(text) ?? [];
  if (pem === undefined || text.indexOf("-----BEGIN ") !== text.indexOf(pem))
    throw new ImageError("untrusted", "A key is not a public key in PEM");
  try {
    return createPublicKey(pem);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ImageError("untrusted", `Invalid public key: ${message}`, { cause });
  }
}

/**
 * Whether a signature over bytes was made with a key: ECDSA in DER or RSA with PKCS #1 v1.5, both with SHA-256, or
 * Ed25519.
 */
export function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const { asymmetricKeyType: type } = key;
  if (type === "ed25519") return verify(null, bytes, key, signature);
  return (type === "ec" || type === "rsa") && verify("sha256", bytes, key, signature);
}
