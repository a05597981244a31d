import { ImageError } from "@drayage/core";
import type { Message, PublicKey, VerifyMessageResult } from "openpgp";

import { loadOpenPGP } from "./load-openpgp.ts";
import type { OpenPGP } from "./load-openpgp.ts";
import type { OpenedMessage } from "./opened-message.ts";
import { packetsOf } from "./packets.ts";
import { isVersion3, verifyVersion3 } from "./version-3-signature.ts";

/**
 * Verifies a signed OpenPGP message (containers-signature.5, "The OpenPGP Message") with one of the keys. The message
 * has exactly one signature. The key and the signature must be valid both when the signature was made and at `now`. The
 * web of trust is not used: all given keys are trusted.
 * @throws ImageError `untrusted`
 */
export async function openMessage(
  bytes: Uint8Array,
  keys: readonly PublicKey[],
  now: Date,
): Promise<OpenedMessage> {
  const packets = packetsOf(bytes);
  if (isVersion3(packets)) return verifyVersion3(packets, keys, now);
  const openpgp = await loadOpenPGP();
  const message = await parsedMessage(bytes, openpgp);
  const { data, signatures } = await verified(message, keys, now, openpgp);
  const [signature] = signatures;
  if (signature === undefined) throw untrusted("it is not a signed OpenPGP message");
  if (signatures.length > 1) throw untrusted("it has more than one signature");
  const key = keys.find((one) => one.getKeys(signature.keyID).length > 0);
  if (key === undefined) throw untrusted(`its key ${hex(signature.keyID.toHex())} is not trusted`);
  try {
    await signature.verified;
    await requireUnexpired(await signature.signature, now);
    await key.getSigningKey(signature.keyID, now);
  } catch (cause) {
    throw untrusted((cause as Error).message, cause);
  }
  return { content: data, fingerprint: hex(key.getFingerprint()) };
}

/** The message without its outer compression. Only a message with one level of compression is a signed message. */
async function parsedMessage(
  bytes: Uint8Array,
  { readMessage }: OpenPGP,
): Promise<Message<Uint8Array>> {
  try {
    const message = await readMessage({ binaryMessage: bytes });
    return message.unwrapCompressed();
  } catch (cause) {
    throw untrusted(`it is not an OpenPGP message (${(cause as Error).message})`, cause);
  }
}

async function verified(
  message: Message<Uint8Array>,
  keys: readonly PublicKey[],
  now: Date,
  { verify }: OpenPGP,
): Promise<VerifyMessageResult<Uint8Array>> {
  try {
    return await verify({ message, verificationKeys: [...keys], format: "binary", date: now });
  } catch (cause) {
    throw untrusted((cause as Error).message, cause);
  }
}

type MessageSignature = Awaited<VerifyMessageResult["signatures"][number]["signature"]>;

async function requireUnexpired(signature: MessageSignature, now: Date): Promise<void> {
  for (const packet of signature.packets) {
    if (packet.isExpired(now)) throw new Error("the signature has expired");
  }
}

function hex(digits: string): string {
  return digits.toUpperCase();
}

function untrusted(why: string, cause?: unknown): ImageError {
  return new ImageError("untrusted", `Invalid simple signature: ${why}`, { cause });
}
