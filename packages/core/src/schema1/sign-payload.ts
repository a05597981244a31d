import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { formatGoJSON, formatGoMap, formatGoStruct } from "../manifest/go-json.ts";

/**
 * A manifest of schema 1 with a signature of a new key, as registries require (RFC 7515, JSON serialization, with the
 * header fields of libtrust). The key is discarded, so the signature identifies no user. containers/image and Docker do the same.
 * The digest is that of the payload, so it does not depend on the key.
 */
export function signPayload(payload: string, time: Date = new Date()): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const content = payload.trimEnd().slice(0, -1).trimEnd();
  const header = formatGoMap({
    formatLength: Buffer.byteLength(content),
    formatTail: base64URL(payload.slice(content.length)),
    time: `${time.toISOString().slice(0, 19)}Z`,
  });
  const signed = Buffer.from(`${base64URL(header)}.${base64URL(payload)}`);
  const signature = sign("sha256", signed, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const entry = formatGoStruct([
    [
      "header",
      formatGoStruct([
        ["jwk", formatKey(publicKey)],
        ["alg", formatGoJSON("ES256")],
      ]),
    ],
    ["signature", formatGoJSON(signature.toString("base64url"))],
    ["protected", formatGoJSON(base64URL(header))],
  ]);
  return Buffer.from(`${content},"signatures":[${entry}]}`);
}

function base64URL(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** A JSON Web Key (RFC 7517), with the key id of libtrust. */
function formatKey(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: "jwk" });
  return formatGoMap({ crv, kid: keyID(key), kty, x, y });
}

/** The first 240 bits of the digest of the key, in base32: `ABCD:EFGH:…`, 12 groups (libtrust, `KeyID`). */
export function keyID(key: KeyObject): string {
  const hash = createHash("sha256")
    .update(key.export({ format: "der", type: "spki" }))
    .digest();
  const digits = [...hash.subarray(0, 30)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const text = digits.replaceAll(/.{5}/g, (bits) => base32[Number.parseInt(bits, 2)] ?? "");
  return (text.match(/.{4}/g) ?? []).join(":");
}

/** RFC 4648, section 6. */
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
