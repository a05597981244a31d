import {
  constants,
  createCipheriv,
  createDecipheriv,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import type { X509Certificate } from "node:crypto";

import { formatEnvelopedData, parseEnvelopedData } from "./enveloped-data.ts";
import type { EnvelopedData } from "./enveloped-data.ts";
import type { PrivateKey } from "./private-key.ts";

const padding = constants.RSA_PKCS1_PADDING;
const nonceSize = 12;
const tagSize = 16;
const keySize = 16;

/** Wraps a key for the holders of certificates: PKCS #7 enveloped data with AES-128-GCM, as ocicrypt reads it. */
export function wrapWithPKCS7(
  secret: Uint8Array,
  recipients: readonly { readonly certificate: X509Certificate }[],
): Buffer {
  const contentKey = randomBytes(keySize);
  const nonce = randomBytes(nonceSize);
  const cipher = createCipheriv("aes-128-gcm", contentKey, nonce);
  const encrypted = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  return formatEnvelopedData({
    nonce,
    content: encrypted,
    recipients: recipients.map(({ certificate }) => ({
      certificate,
      encryptedKey: publicEncrypt({ key: certificate.publicKey, padding }, contentKey),
    })),
  });
}

/**
 * Unwraps a key with the first private key that fits; undefined if none fits.
 * @throws ImageError `invalid-manifest` if it is malformed, `unsupported` for another algorithm
 */
export function unwrapPKCS7(wrapped: Uint8Array, keys: readonly PrivateKey[]): Buffer | undefined {
  const data = parseEnvelopedData(wrapped);
  const rsaKeys = keys.filter((key) => key.asymmetricKeyType === "rsa");
  for (const key of rsaKeys) {
    for (const encryptedKey of data.encryptedKeys) {
      const secret = decrypted(data, encryptedKey, key);
      if (secret !== undefined) return secret;
    }
  }
  return undefined;
}

/**
 * OpenSSL returns a random key if the private key does not fit (implicit rejection), so every failure looks the same: the
 * tag of the content does not match.
 */
function decrypted(
  { algorithm, nonce, content }: EnvelopedData,
  encryptedKey: Uint8Array,
  key: PrivateKey,
): Buffer | undefined {
  try {
    const contentKey = privateDecrypt({ key, padding }, encryptedKey);
    const options = { authTagLength: tagSize };
    const decipher = createDecipheriv(algorithm, contentKey, nonce, options);
    decipher.setAuthTag(content.subarray(-tagSize));
    return Buffer.concat([decipher.update(content.subarray(0, -tagSize)), decipher.final()]);
  } catch {
    return undefined;
  }
}
