import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

/** A key or certificate: the content of its file in PEM or DER, or a key as a JWK in JSON. */
export type KeyMaterial = string | Uint8Array;

/** The encoding of a key. */
export type EncodedKey =
  | { readonly encoding: "pem"; readonly text: string }
  | { readonly encoding: "jwk"; readonly value: JSONObject }
  | { readonly encoding: "der"; readonly bytes: Buffer };

/** Detects the encoding of a key. @throws ImageError `invalid-manifest` for malformed JSON */
export function encodingOf(material: KeyMaterial): EncodedKey {
  const bytes = Buffer.from(material);
  const text = bytes.toString();
  if (text.includes("-----BEGIN ")) return { encoding: "pem", text };
  if (!text.trimStart().startsWith("{")) return { encoding: "der", bytes };
  const value = parseStrictJSON("JSON Web Key", bytes);
  return { encoding: "jwk", value: isJSONObject(value) ? value : {} };
}
