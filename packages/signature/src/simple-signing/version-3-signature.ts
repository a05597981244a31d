import { constants, createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { PublicKey, Subkey } from "openpgp";

import type { OpenedMessage } from "./opened-message.ts";
import { packetTags } from "./packets.ts";
import type { Packet } from "./packets.ts";

/**
 * Version 3 signatures (RFC 4880, section 5.2.2), which GnuPG 1 made, and OpenPGP.js does not read. containers/image
 * accepts them. Only RSA signatures with SHA-2 over binary data are accepted here.
 */
interface Version3Signature {
  readonly type: number;
  /** Seconds since 1970. */
  readonly created: number;
  /** 16 lower-case hex digits. */
  readonly keyID: string;
  readonly keyAlgorithm: number;
  readonly hashAlgorithm: number;
  /** The fields that are hashed after the content. */
  readonly hashed: Uint8Array;
  /** One multiprecision integer. */
  readonly signature: Uint8Array;
}

const rsaAlgorithms = new Set([1, 3]);
const hashNames = new Map([
  [8, "sha256"],
  [9, "sha384"],
  [10, "sha512"],
]);

/** Whether a message has a version 3 signature. */
export function isVersion3(packets: readonly Packet[] | undefined): packets is readonly Packet[] {
  return packets?.some(({ tag, body }) => tag === packetTags.signature && body[0] === 3) === true;
}

/** Verifies a message with one version 3 signature. @throws ImageError `untrusted` */
export async function verifyVersion3(
  packets: readonly Packet[],
  keys: readonly PublicKey[],
  now: Date,
): Promise<OpenedMessage> {
  const { content, signature } = partsOf(packets);
  const hash = hashNames.get(signature.hashAlgorithm);
  if (signature.type !== 0) throw untrusted("it does not sign binary data");
  if (hash === undefined) throw untrusted("its hash algorithm is not SHA-2");
  if (!rsaAlgorithms.has(signature.keyAlgorithm)) throw untrusted("its algorithm is not RSA");
  const key = keys.find((one) => signingKeys(one, signature.keyID).length > 0);
  if (key === undefined) throw untrusted(`its key ${signature.keyID.toUpperCase()} is not trusted`);
  const publicKey = await validKey(key, signature, now);
  const signed = Buffer.concat([content, signature.hashed]);
  const rsa = { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
  if (!verify(hash, signed, rsa, padded(signature.signature, publicKey)))
    throw untrusted("signature verification failed");
  return { content, fingerprint: key.getFingerprint().toUpperCase() };
}

/** A one-pass signature, the content and its signature, or the older form: a signature and the content. */
function partsOf(packets: readonly Packet[]): {
  readonly content: Uint8Array;
  readonly signature: Version3Signature;
} {
  const { signature: signatureTag, onePassSignature, literal: literalTag } = packetTags;
  const tags = packets.map(({ tag }) => tag).join(" ");
  const isMessage =
    tags === `${onePassSignature} ${literalTag} ${signatureTag}` ||
    tags === `${signatureTag} ${literalTag}`;
  const literal = packets.find(({ tag }) => tag === literalTag);
  const signature = packets.find(({ tag }) => tag === signatureTag);
  if (!isMessage || literal === undefined || signature === undefined)
    throw untrusted("it does not have exactly one content and one signature");
  return { content: contentOf(literal.body), signature: parsed(signature.body) };
}

/** The content of a literal data packet, after its format, its file name and its date (RFC 9580, section 5.9). */
function contentOf(body: Buffer): Uint8Array {
  const start = 2 + (body[1] ?? 0) + 4;
  if (body[0] !== "b".charCodeAt(0) || start > body.byteLength)
    throw untrusted("its content is not binary data");
  return body.subarray(start);
}

function parsed(bytes: Buffer): Version3Signature {
  // The version and the length of the hashed fields.
  if (bytes.byteLength < 21 || bytes[0] !== 3 || bytes[1] !== 5) throw untrusted("it is damaged");
  const bits = bytes.readUInt16BE(19);
  const signature = bytes.subarray(21);
  if (signature.byteLength !== Math.ceil(bits / 8)) throw untrusted("it is damaged");
  return {
    type: bytes.readUInt8(2),
    created: bytes.readUInt32BE(3),
    keyID: bytes.subarray(7, 15).toString("hex"),
    keyAlgorithm: bytes.readUInt8(15),
    hashAlgorithm: bytes.readUInt8(16),
    hashed: bytes.subarray(2, 7),
    signature,
  };
}

function signingKeys(key: PublicKey, keyID: string): readonly (PublicKey | Subkey)[] {
  return key.getKeys().filter((one) => one.getKeyID().toHex() === keyID);
}

/** The key that made a signature, if it may sign and is not expired or revoked. */
async function validKey(
  key: PublicKey,
  { keyID, created }: Version3Signature,
  now: Date,
): Promise<KeyObject> {
  const madeAt = new Date(created * 1000);
  if (madeAt > now) throw untrusted("it was made in the future");
  const [candidate] = signingKeys(key, keyID);
  try {
    await key.getSigningKey(candidate?.getKeyID(), madeAt);
    const { keyPacket } = await key.getSigningKey(candidate?.getKeyID(), now);
    const { n, e } = keyPacket.publicParams as { readonly n: Uint8Array; readonly e: Uint8Array };
    const jwk = { kty: "RSA", n: base64url(n), e: base64url(e) };
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw untrusted((cause as Error).message, cause);
  }
}

/** A multiprecision integer has no leading zeros, which RSA needs. */
function padded(integer: Uint8Array, key: KeyObject): Uint8Array {
  const length = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  if (integer.byteLength > length) throw untrusted("it is damaged");
  return Buffer.concat([Buffer.alloc(length - integer.byteLength), integer]);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function untrusted(why: string, cause?: unknown): ImageError {
  return new ImageError("untrusted", `Invalid simple signature: ${why}`, { cause });
}
