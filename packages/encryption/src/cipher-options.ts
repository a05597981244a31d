import { ImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

import { decodeBase64, encodeBase64 } from "./base64.ts";
import { invalidLayer } from "./invalid-layer.ts";

/** What is wrapped for the recipients of a layer. */
export interface PrivateOptions {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** The digest of the layer before it was encrypted. Readers of ours ignore it. */
  readonly digest?: Digest;
}

/** The size of an AES-256 key. */
export const keyBytes = 32;

/** The size of the first counter block. */
export const nonceBytes = 16;

const cipherName = "AES_256_CTR_HMAC_SHA256";
const hmacBytes = 32;

/** Formats what is wrapped, as ocicrypt's `PrivateLayerBlockCipherOptions`. */
export function formatPrivateOptions({ key, nonce, digest }: PrivateOptions): Buffer {
  const cipheroptions = { nonce: encodeBase64(nonce) };
  return Buffer.from(
    JSON.stringify({ symkey: encodeBase64(key), digest: digest ?? "", cipheroptions }),
  );
}

/** Parses what was wrapped. @throws ImageError `invalid-manifest` */
export function parsePrivateOptions(bytes: Uint8Array, layer: Digest): PrivateOptions {
  const what = `unwrapped key of the layer ${layer}`;
  const value = parseObject(what, bytes);
  const { nonce } = objectIn(value, "cipheroptions", what);
  return {
    key: decodeBase64(value["symkey"], { what: `${what}: symkey`, size: keyBytes }),
    nonce: decodeBase64(nonce, { what: `${what}: nonce`, size: nonceBytes }),
  };
}

/** Formats the public options, as ocicrypt's `PublicLayerBlockCipherOptions` in base64. */
export function formatPublicOptions(hmac: Uint8Array): string {
  const options = { cipher: cipherName, hmac: encodeBase64(hmac), cipheroptions: {} };
  return encodeBase64(Buffer.from(JSON.stringify(options)));
}

/**
 * Parses the public options, and returns the HMAC.
 * @throws ImageError `invalid-manifest`; `unsupported` for another cipher
 */
export function parsePublicOptions(text: string, layer: Digest): Uint8Array {
  const what = `public options of the encrypted layer ${layer}`;
  const value = parseObject(what, decodeBase64(text, { what }));
  const { cipher, hmac } = value;
  if (cipher !== cipherName)
    throw new ImageError(
      "unsupported",
      `The layer ${layer} is encrypted with the cipher ${JSON.stringify(cipher)}; only ${cipherName} is implemented`,
    );
  return decodeBase64(hmac, { what: `${what}: hmac`, size: hmacBytes });
}

function parseObject(what: string, bytes: Uint8Array): JSONObject {
  const value = parseStrictJSON(what, bytes);
  if (!isJSONObject(value)) throw invalidLayer(what, "it is not a JSON object");
  return value;
}

function objectIn(value: JSONObject, key: string, what: string): JSONObject {
  const inner = value[key];
  if (!isJSONObject(inner)) throw invalidLayer(what, `${key} is not an object`);
  return inner;
}
