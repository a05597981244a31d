import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";

import { algorithmsOf } from "./jwe-algorithms.ts";
import { encodingOf } from "./key-material.ts";
import type { KeyMaterial } from "./key-material.ts";

/** A private key that may decrypt layers. */
export interface DecryptionKey {
  /** An RSA or EC key in PEM, DER or JWK form. */
  readonly privateKey: KeyMaterial;
  /** The passphrase of a key that is encrypted itself. */
  readonly passphrase?: string | Uint8Array | undefined;
}

/** A private key that was read. */
export type PrivateKey = KeyObject;

/** @throws ImageError `denied` if the passphrase is missing or wrong, `unsupported` if it is no usable key */
export function parsePrivateKey({ privateKey, passphrase }: DecryptionKey): PrivateKey {
  const key = readPrivateKey(privateKey, passphrase);
  const isSmallRSA = key.asymmetricKeyType === "rsa" && algorithmsOf(key).length === 0;
  if (algorithmsOf(key).length > 0) return key;
  throw new ImageError(
    "unsupported",
    isSmallRSA
      ? "The RSA decryption key has less than 2048 bits; ask the publisher to encrypt for a larger key"
      : "The decryption key is neither an RSA key nor an EC key with P-256, P-384 or P-521; pass one of these",
  );
}

function readPrivateKey(
  material: KeyMaterial,
  passphrase: string | Uint8Array | undefined,
): KeyObject {
  const encoded = encodingOf(material);
  if (encoded.encoding === "pem" && encoded.text.includes("BEGIN PGP PRIVATE KEY"))
    throw new ImageError(
      "unsupported",
      "The decryption key is an OpenPGP key; only jwe and pkcs7 are implemented, so decrypt with skopeo or use an RSA or EC key",
    );
  const secret = passphrase === undefined ? {} : { passphrase: Buffer.from(passphrase) };
  try {
    switch (encoded.encoding) {
      case "pem":
        return createPrivateKey({ key: encoded.text, ...secret });
      case "jwk":
        return createPrivateKey({ key: encoded.value, format: "jwk" });
      case "der":
        return privateKeyFromDER(encoded.bytes, secret);
    }
  } catch (cause) {
    throw unreadableKey(cause, passphrase !== undefined);
  }
}

function privateKeyFromDER(key: Buffer, secret: { readonly passphrase?: Buffer }): KeyObject {
  const [last, ...others] = ["sec1", "pkcs1", "pkcs8"] as const;
  for (const type of others.toReversed()) {
    try {
      return createPrivateKey({ key, format: "der", type, ...secret });
    } catch {
      // The next type may fit.
    }
  }
  return createPrivateKey({ key, format: "der", type: last, ...secret });
}

/** The codes of a missing passphrase: of Node, and of OpenSSL, which would prompt for it. */
const missingPassphrase: ReadonlySet<string> = new Set([
  "ERR_MISSING_PASSPHRASE",
  "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED",
]);

/** The errors of OpenSSL contain no part of the key or the passphrase. */
function unreadableKey(cause: unknown, hasPassphrase: boolean): ImageError {
  const { code = "" } = cause as { readonly code?: string };
  if (!hasPassphrase && missingPassphrase.has(code))
    return new ImageError("denied", "The decryption key is encrypted; pass its passphrase", {
      cause,
    });
  if (hasPassphrase)
    return new ImageError("denied", "The passphrase does not fit the decryption key; check both", {
      cause,
    });
  return new ImageError(
    "unsupported",
    "The file contains no private key that can be read; pass an RSA or EC private key in PEM, DER or JWK form",
    { cause },
  );
}
