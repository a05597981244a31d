import { ImageError } from "@drayage/core";
import type { Descriptor, LayerDecrypter } from "@drayage/core";

import { parseEncryptionAnnotations } from "./annotations.ts";
import type { EncryptionAnnotations } from "./annotations.ts";
import { parsePrivateOptions } from "./cipher-options.ts";
import type { PrivateOptions } from "./cipher-options.ts";
import { unwrapJWE } from "./jwe.ts";
import { decryptLayer } from "./layer-cipher.ts";
import { unwrapPKCS7 } from "./pkcs7.ts";
import { parsePrivateKey } from "./private-key.ts";
import type { DecryptionKey, PrivateKey } from "./private-key.ts";

/**
 * Decrypts layers with the first key that fits. A layer is authentic if its HMAC matches: only holders of its key can have
 * written it. The digest of the decrypted layer, which its writer may have noted, is ignored.
 * @throws ImageError `denied` if a passphrase is missing or wrong, `unsupported` if a key cannot be used
 */
export function layerDecrypter({
  keys,
}: {
  readonly keys: readonly DecryptionKey[];
}): LayerDecrypter {
  const parsed = keys.map(parsePrivateKey);
  return {
    async decrypt(bytes, layer) {
      const annotations = parseEncryptionAnnotations(layer);
      const privateOptions = await unwrappedOptions(annotations, parsed, layer);
      return decryptLayer(bytes, privateOptions, annotations.hmac, layer.digest);
    },
  };
}

async function unwrappedOptions(
  { jwe, pkcs7, others }: EncryptionAnnotations,
  keys: readonly PrivateKey[],
  { digest }: Descriptor,
): Promise<PrivateOptions> {
  for (const wrapped of jwe) {
    const secret = await unwrapJWE(wrapped, keys);
    if (secret !== undefined) return parsePrivateOptions(secret, digest);
  }
  for (const wrapped of pkcs7) {
    const secret = unwrapPKCS7(wrapped, keys);
    if (secret !== undefined) return parsePrivateOptions(secret, digest);
  }
  throw noKeyFits(digest, [
    ...(jwe.length > 0 ? ["jwe"] : []),
    ...(pkcs7.length > 0 ? ["pkcs7"] : []),
    ...others,
  ]);
}

function noKeyFits(digest: string, schemes: readonly string[]): ImageError {
  const isUsable = schemes.includes("jwe") || schemes.includes("pkcs7");
  if (isUsable)
    return new ImageError(
      "denied",
      `No decryption key fits the layer ${digest}, whose key is wrapped with ${schemes.join(", ")}; pass the private key of one of its recipients`,
    );
  return new ImageError(
    "unsupported",
    `The key of the layer ${digest} is wrapped with ${schemes.join(", ")}, but only jwe and pkcs7 are implemented; decrypt it with skopeo, or encrypt the image for a jwe key`,
  );
}
