import { createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";

import { pemBlocks } from "./pem.ts";

/** `PUBLIC KEY` (RFC 5280) and `RSA PUBLIC KEY` (RFC 8017). A certificate or a private key is not a public key. */
const labels: readonly (string | undefined)[] = ["PUBLIC KEY", "RSA PUBLIC KEY"];

/** Parses the first PEM block of a file. @throws ImageError `untrusted` if it is not a public key */
export function parsePublicKey(content: Uint8Array): KeyObject {
  const [first] = pemBlocks(content) ?? [];
  if (first === undefined || !labels.includes(first.label))
    throw new ImageError("untrusted", "A key is not a public key in PEM");
  const type = first.label === "PUBLIC KEY" ? "spki" : "pkcs1";
  try {
    return createPublicKey({ key: Buffer.from(first.bytes), format: "der", type });
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
