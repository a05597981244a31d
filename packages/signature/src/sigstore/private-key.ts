import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  scrypt as scryptCallback,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";

import { ImageError, isImageError } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";

import { decodedBase64 } from "./base64.ts";
import { pemBlocks } from "./pem.ts";

const scrypt = promisify<
  Uint8Array,
  Uint8Array,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scryptCallback);

/** The labels that cosign writes, now and before. */
const labels: readonly (string | undefined)[] = [
  "ENCRYPTED COSIGN PRIVATE KEY",
  "ENCRYPTED SIGSTORE PRIVATE KEY",
];

/** cosign writes 2^16, and accepts these. */
const acceptedN: readonly unknown[] = [2 ** 15, 2 ** 16, 2 ** 17];
const defaultN = 2 ** 16;
const r = 8;
const p = 1;
const saltBytes = 32;
const nonceBytes = 24;
const keyBytes = 32;

/** A new key pair for sigstore signatures. */
export interface SigstoreKeyPair {
  /** `PUBLIC KEY` in PEM. */
  readonly publicKey: string;
  /** `ENCRYPTED COSIGN PRIVATE KEY` in PEM. */
  readonly privateKey: string;
}

/** Generates a key pair (ECDSA with P-256), in the format of cosign. The private key is encrypted with the passphrase. */
export async function generateSigstoreKey(passphrase: string): Promise<SigstoreKeyPair> {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKey = pair.privateKey.export({ type: "pkcs8", format: "der" });
  const publicKey = String(pair.publicKey.export({ type: "spki", format: "pem" }));
  return { publicKey, privateKey: await encrypted(privateKey, passphrase) };
}

/**
 * Reads a private key of cosign or skopeo, which is encrypted with a passphrase.
 * @throws ImageError `denied` for a wrong passphrase; `unsupported` for another format
 */
export async function readSigstoreKey(content: Uint8Array, passphrase: string): Promise<KeyObject> {
  const [block] = pemBlocks(content) ?? [];
  if (block === undefined || !labels.includes(block.label))
    throw unsupported("it is not an encrypted private key of cosign");
  const { salt, nonce, N, ciphertext } = parsedKey(block.bytes);
  const key = await derivedKey(passphrase, salt, N);
  let der: Uint8Array;
  try {
    der = xsalsa20poly1305(key, nonce).decrypt(ciphertext);
  } catch (cause) {
    throw new ImageError("denied", "The passphrase of the private key is wrong", { cause });
  }
  try {
    return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  } catch (cause) {
    throw unsupported((cause as Error).message, cause);
  }
}

/** The public key of a private key, in PEM. */
export function publicKeyOf(privateKey: KeyObject): string {
  return String(createPublicKey(privateKey).export({ type: "spki", format: "pem" }));
}

async function encrypted(der: Uint8Array, passphrase: string): Promise<string> {
  const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
  const key = await derivedKey(passphrase, salt, defaultN);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const json = JSON.stringify({
    kdf: { name: "scrypt", params: { N: defaultN, r, p }, salt: base64(salt) },
    cipher: { name: "nacl/secretbox", nonce: base64(nonce) },
    ciphertext: base64(xsalsa20poly1305(key, nonce).encrypt(der)),
  });
  const lines = base64(Buffer.from(json)).replaceAll(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN ${labels[0]}-----\n${lines}\n-----END ${labels[0]}-----\n`;
}

async function derivedKey(passphrase: string, salt: Uint8Array, N: number): Promise<Uint8Array> {
  const maxmem = 2 * 128 * N * r;
  return scrypt(Buffer.from(passphrase), salt, keyBytes, { N, r, p, maxmem });
}

interface EncryptedKey {
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly N: number;
  readonly ciphertext: Uint8Array;
}

function parsedKey(bytes: Uint8Array): EncryptedKey {
  const { kdf, cipher, ciphertext } = objectOf(parsed(bytes));
  const { name, params, salt } = objectOf(kdf);
  const { N, r: blockSize, p: parallelism } = objectOf(params);
  const isScrypt =
    name === "scrypt" && acceptedN.includes(N) && blockSize === r && parallelism === p;
  if (!isScrypt || typeof N !== "number") throw unsupported("its key derivation is unknown");
  const { name: cipherName, nonce } = objectOf(cipher);
  if (cipherName !== "nacl/secretbox") throw unsupported("its cipher is unknown");
  return {
    N,
    salt: base64In(salt, "salt", saltBytes),
    nonce: base64In(nonce, "nonce", nonceBytes),
    ciphertext: base64In(ciphertext, "ciphertext"),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseStrictJSON("private key", bytes, "map");
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw unsupported(cause.message, cause);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (isJSONObject(value)) return value;
  throw unsupported("it has fields of another type");
}

function base64In(value: unknown, name: string, length?: number): Uint8Array {
  const bytes = decodedBase64(value);
  if (bytes !== undefined && (length === undefined || bytes.byteLength === length)) return bytes;
  throw unsupported(`its ${name} is invalid`);
}

function unsupported(why: string, cause?: unknown): ImageError {
  return new ImageError("unsupported", `Invalid private key: ${why}`, { cause });
}
