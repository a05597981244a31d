import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { Hmac } from "node:crypto";

import { digestHasher, ImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { keyBytes, nonceBytes } from "./cipher-options.ts";
import type { PrivateOptions } from "./cipher-options.ts";

/** The encryption of one layer: AES-256-CTR, then HMAC-SHA-256 of the encrypted bytes with the same key (ocicrypt). */
export class LayerEncryption {
  readonly #key = randomBytes(keyBytes);
  readonly #nonce = randomBytes(nonceBytes);
  readonly #hmac = hmacOf(this.#key);
  readonly #digest = digestHasher();
  #result: { readonly privateOptions: PrivateOptions; readonly hmac: Uint8Array } | undefined;

  async *encrypt(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const cipher = createCipheriv("aes-256-ctr", this.#key, this.#nonce);
    for await (const chunk of bytes) {
      this.#digest.update(chunk);
      const encrypted = cipher.update(chunk);
      this.#hmac.update(encrypted);
      yield encrypted;
    }
    const digest = this.#digest.digest();
    const privateOptions = { key: this.#key, nonce: this.#nonce, digest };
    this.#result = { privateOptions, hmac: this.#hmac.digest() };
  }

  /** What a reader needs, once all bytes were encrypted. */
  result(): { readonly privateOptions: PrivateOptions; readonly hmac: Uint8Array } {
    if (this.#result === undefined) throw new Error("The layer was not read to its end");
    return this.#result;
  }
}

/**
 * Decrypts a layer. Holds back the last chunk until the HMAC matches.
 * @throws ImageError `digest-mismatch`
 */
export async function* decryptLayer(
  bytes: AsyncIterable<Uint8Array>,
  { key, nonce }: PrivateOptions,
  expected: Uint8Array,
  layer: Digest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decipher = createDecipheriv("aes-256-ctr", key, nonce);
  const hmac = hmacOf(key);
  let pending: Uint8Array | undefined;
  for await (const chunk of bytes) {
    hmac.update(chunk);
    if (chunk.byteLength === 0) continue;
    if (pending !== undefined) yield pending;
    pending = decipher.update(chunk);
  }
  if (!timingSafeEqual(hmac.digest(), expected)) throw notAuthentic(layer);
  if (pending !== undefined) yield pending;
}

function hmacOf(key: Uint8Array): Hmac {
  return createHmac("sha256", key);
}

function notAuthentic(layer: Digest): ImageError {
  return new ImageError(
    "digest-mismatch",
    `The layer ${layer} does not match its HMAC: its bytes or its annotations were replaced; it was discarded; get the image again from its publisher`,
  );
}
