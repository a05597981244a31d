import { digestOf } from "@drayage/core";
import type { Descriptor, LayerEncrypter } from "@drayage/core";

import { layerDecrypter, layerEncrypter } from "../src/index.ts";
import type { DecryptionKey, Recipient } from "../src/index.ts";

/** A layer to encrypt. */
export const content: Buffer = Buffer.from("the files of a layer ".repeat(5000));

/** An encrypted layer in memory. */
export interface EncryptedTestLayer {
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Encrypts a layer for recipients. */
export async function encrypt(
  recipients: readonly Recipient[],
  plain: Buffer = content,
): Promise<EncryptedTestLayer> {
  return encryptWith(layerEncrypter({ recipients }), plain);
}

/** Encrypts a layer. */
export async function encryptWith(
  encrypter: LayerEncrypter,
  plain: Buffer = content,
): Promise<EncryptedTestLayer> {
  const layer = encrypter.encrypt(chunksOf(plain));
  const bytes = Buffer.concat(await Array.fromAsync(layer.bytes));
  return { bytes, annotations: await layer.annotations() };
}

/** The descriptor of an encrypted layer, with the digest of its bytes. */
export function descriptorOf({ bytes, annotations }: EncryptedTestLayer): Descriptor {
  return {
    digest: digestOf(bytes),
    size: bytes.byteLength,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
    annotations,
  };
}

/** Decrypts a layer. */
export async function decrypt(
  layer: EncryptedTestLayer,
  keys: readonly DecryptionKey[],
): Promise<Buffer> {
  const decrypter = layerDecrypter({ keys });
  const plain = await decrypter.decrypt(chunksOf(layer.bytes), descriptorOf(layer));
  return Buffer.concat(await Array.fromAsync(plain));
}

/** Chunks of sizes that are no multiple of a cipher block. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1237) yield bytes.subarray(at, at + 1237);
}
