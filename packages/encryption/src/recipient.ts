import { createPublicKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";

import { jweAlgorithmFor } from "./jwe-algorithms.ts";
import type { JWEAlgorithm } from "./jwe-algorithms.ts";
import { encodingOf } from "./key-material.ts";
import type { KeyMaterial } from "./key-material.ts";

/** Who can decrypt layers. */
export type Recipient =
  /** The holder of the private key. RSA of at least 2048 bits, or EC with P-256, P-384 or P-521. */
  | { readonly scheme: "jwe"; readonly publicKey: KeyMaterial }
  /** The holder of the private key of an X.509 certificate with an RSA key. */
  | { readonly scheme: "pkcs7"; readonly certificate: KeyMaterial };

/** A recipient whose key was read. */
export type ParsedRecipient =
  | { readonly scheme: "jwe"; readonly key: KeyObject; readonly algorithm: JWEAlgorithm }
  | { readonly scheme: "pkcs7"; readonly certificate: X509Certificate };

/** @throws ImageError `unsupported` */
export function parseRecipient(recipient: Recipient): ParsedRecipient {
  switch (recipient.scheme) {
    case "jwe":
      return parseJWERecipient(recipient.publicKey);
    case "pkcs7":
      return { scheme: "pkcs7", certificate: parseCertificate(recipient.certificate) };
  }
}

function parseJWERecipient(material: KeyMaterial): ParsedRecipient {
  const { key, requested } = parsePublicKey(material);
  return { scheme: "jwe", key, algorithm: jweAlgorithmFor(key, requested) };
}

/** A public key, and the algorithm that a JWK requests. */
function parsePublicKey(material: KeyMaterial): { key: KeyObject; requested?: unknown } {
  const encoded = encodingOf(material);
  try {
    switch (encoded.encoding) {
      case "pem":
        rejectPrivateKey(encoded.text.includes("PRIVATE KEY-----"));
        return { key: createPublicKey(encoded.text) };
      case "jwk":
        rejectPrivateKey(encoded.value["d"] !== undefined);
        return {
          key: createPublicKey({ key: encoded.value, format: "jwk" }),
          requested: encoded.value["alg"],
        };
      case "der":
        return { key: publicKeyFromDER(encoded.bytes) };
    }
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new ImageError(
      "unsupported",
      "The recipient's file contains no public key that can be read; pass an RSA or EC public key in PEM, DER or JWK form",
      { cause },
    );
  }
}

function publicKeyFromDER(key: Buffer): KeyObject {
  try {
    return createPublicKey({ key, format: "der", type: "spki" });
  } catch {
    return new X509Certificate(key).publicKey;
  }
}

/** A private key contains a public key, but was hardly meant to be given to those who encrypt. */
function rejectPrivateKey(isPrivate: boolean): void {
  if (!isPrivate) return;
  throw new ImageError(
    "unsupported",
    "The recipient's file contains a private key; pass the public key, such as that of `openssl pkey -in KEY -pubout`",
  );
}

function parseCertificate(material: KeyMaterial): X509Certificate {
  const certificate = readCertificate(material);
  if (certificate.publicKey.asymmetricKeyType === "rsa") return certificate;
  throw new ImageError(
    "unsupported",
    "pkcs7 requires a certificate with an RSA key; encrypt for another key with jwe",
  );
}

function readCertificate(material: KeyMaterial): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(material));
  } catch (cause) {
    throw new ImageError(
      "unsupported",
      "The recipient's file contains no certificate that can be read; pass an X.509 certificate in PEM or DER form",
      { cause },
    );
  }
}
