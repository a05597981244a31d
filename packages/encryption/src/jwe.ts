import type { KeyObject } from "node:crypto";

import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { GeneralEncrypt, generalDecrypt } from "jose";
import type { GeneralJWE } from "jose";

import { invalidLayer } from "./invalid-layer.ts";
import { algorithmsOf } from "./jwe-algorithms.ts";
import type { JWEAlgorithm } from "./jwe-algorithms.ts";
import type { PrivateKey } from "./private-key.ts";

const contentEncryption = "A256GCM";

/** The maximum number of recipients of one JWE. Each may cost one operation with each private key. */
const maxRecipients = 256;

const what = "JWE of a layer's key";

/** Wraps a key for recipients: a JWE in general JSON serialization (RFC 7516, section 7.2.1), as ocicrypt reads it. */
export async function wrapWithJWE(
  secret: Uint8Array,
  recipients: readonly { readonly key: KeyObject; readonly algorithm: JWEAlgorithm }[],
): Promise<Buffer> {
  const jwe = new GeneralEncrypt(secret).setProtectedHeader({ enc: contentEncryption });
  for (const { key, algorithm } of recipients)
    jwe.addRecipient(key).setUnprotectedHeader({ alg: algorithm });
  return Buffer.from(JSON.stringify(await jwe.encrypt()));
}

/**
 * Unwraps a key with the first private key that fits; undefined if none fits.
 * @throws ImageError `invalid-manifest` if it is malformed
 */
export async function unwrapJWE(
  wrapped: Uint8Array,
  keys: readonly PrivateKey[],
): Promise<Uint8Array | undefined> {
  const jwe = parseJWE(wrapped);
  for (const key of keys) {
    try {
      const { plaintext } = await generalDecrypt(jwe, key, {
        keyManagementAlgorithms: [...algorithmsOf(key)],
        contentEncryptionAlgorithms: [contentEncryption],
      });
      return plaintext;
    } catch {
      // jose reports a key of another recipient like a malformed JWE.
    }
  }
  return undefined;
}

/** Parses a JWE in general or flattened JSON serialization. */
function parseJWE(wrapped: Uint8Array): GeneralJWE {
  const value = parseStrictJSON(what, wrapped);
  if (!isJSONObject(value)) throw invalidLayer(what, "it is not a JSON object");
  // go-jose writes `encrypted_key` beside `recipients` as well, where it has no meaning.
  const { recipients, header, encrypted_key, ...shared } = value;
  const list: readonly unknown[] = Array.isArray(recipients)
    ? recipients
    : [
        {
          ...(header !== undefined && { header }),
          ...(encrypted_key !== undefined && { encrypted_key }),
        },
      ];
  if (list.length > maxRecipients)
    throw invalidLayer(what, `it has ${list.length} recipients; the limit is ${maxRecipients}`);
  rejectCompression(shared, list);
  return { ...shared, recipients: list } as unknown as GeneralJWE;
}

/** `zip` would expand the key before its size is known, and ocicrypt never writes it. */
function rejectCompression(shared: JSONObject, recipients: readonly unknown[]): void {
  const headers = [protectedHeader(shared["protected"]), shared["unprotected"]];
  const ofRecipients = recipients.map((entry) => isJSONObject(entry) && entry["header"]);
  const isCompressed = [...headers, ...ofRecipients].some(
    (header) => isJSONObject(header) && header["zip"] !== undefined,
  );
  if (isCompressed) throw invalidLayer(what, "it is compressed (zip)");
}

function protectedHeader(value: unknown): unknown {
  if (typeof value !== "string") return undefined;
  return parseStrictJSON(`protected header of a ${what}`, Buffer.from(value, "base64url"));
}
