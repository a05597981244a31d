import { ImageError } from "@drayage/core";
import type { EncryptedLayer, LayerEncrypter } from "@drayage/core";

import { annotationNames, formatWrappedKey } from "./annotations.ts";
import { formatPrivateOptions, formatPublicOptions } from "./cipher-options.ts";
import { wrapWithJWE } from "./jwe.ts";
import { LayerEncryption } from "./layer-cipher.ts";
import { wrapWithPKCS7 } from "./pkcs7.ts";
import { parseRecipient } from "./recipient.ts";
import type { ParsedRecipient, Recipient } from "./recipient.ts";

/**
 * Encrypts layers with AES-256-CTR and HMAC-SHA-256, each with its own random key. Every recipient can decrypt all of them.
 * Anyone can encrypt a layer for a public key, so sign the image as well to show its origin.
 * @throws ImageError `unsupported` if a key cannot be used
 */
export function layerEncrypter({
  recipients,
}: {
  readonly recipients: readonly Recipient[];
}): LayerEncrypter {
  const parsed = recipients.map(parseRecipient);
  if (parsed.length === 0)
    throw new ImageError(
      "unsupported",
      "No recipient to encrypt for; pass a public key (jwe) or a certificate (pkcs7)",
    );
  return { encrypt: (bytes) => encryptLayer(bytes, parsed) };
}

function encryptLayer(
  bytes: AsyncIterable<Uint8Array>,
  recipients: readonly ParsedRecipient[],
): EncryptedLayer {
  const encryption = new LayerEncryption();
  return {
    bytes: encryption.encrypt(bytes),
    async annotations() {
      const { privateOptions, hmac } = encryption.result();
      const secret = formatPrivateOptions(privateOptions);
      const keys = await wrappedKeys(secret, recipients);
      return { ...keys, [annotationNames.publicOptions]: formatPublicOptions(hmac) };
    },
  };
}

/** Wraps a key with each scheme that has recipients. */
async function wrappedKeys(
  secret: Uint8Array,
  recipients: readonly ParsedRecipient[],
): Promise<Record<string, string>> {
  const jwe = recipients.filter((recipient) => recipient.scheme === "jwe");
  const pkcs7 = recipients.filter((recipient) => recipient.scheme === "pkcs7");
  const annotations: Record<string, string> = {};
  if (jwe.length > 0)
    annotations[annotationNames.jwe] = formatWrappedKey(await wrapWithJWE(secret, jwe));
  if (pkcs7.length > 0)
    annotations[annotationNames.pkcs7] = formatWrappedKey(wrapWithPKCS7(secret, pkcs7));
  return annotations;
}
