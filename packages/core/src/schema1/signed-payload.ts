import { isDeepStrictEqual } from "node:util";

import { invalidDocument, isJSONObject, parseJSONObject } from "../manifest/json-object.ts";

/**
 * The payload of a manifest of schema 1: the bytes that its digest covers. The payload is the manifest without its
 * `signatures` (distribution, "Image Manifest V 2, Schema 1", Signed Manifests). A manifest without signatures is its
 * own payload. Signatures are not verified, because registries and builders create them with discarded keys.
 * @throws ImageError `invalid-manifest` if the signatures describe different payloads, or the payload is another
 * document than the manifest without its signatures
 */
export function schema1Payload(bytes: Uint8Array): Uint8Array {
  const { value: whole } = parseJSONObject("manifest", bytes);
  const { signatures, ...content } = whole;
  if (signatures === undefined || signatures === null) return bytes;
  if (!Array.isArray(signatures) || signatures.length === 0)
    throw invalidDocument("manifest", "its signatures are not a list with at least one entry");
  const [first, ...others] = signatures.map(parseFormat);
  if (first === undefined || others.some((other) => !isDeepStrictEqual(other, first)))
    throw invalidDocument("manifest", "its signatures describe different payloads");
  if (first.length > bytes.byteLength)
    throw invalidDocument(
      "manifest",
      "its signatures describe a payload that is longer than the manifest",
    );
  const payload = Buffer.concat([bytes.subarray(0, first.length), first.tail]);
  const { value } = parseJSONObject("payload of the manifest", payload);
  if (!isDeepStrictEqual({ ...value }, content))
    throw invalidDocument("manifest", "its signatures describe another content than it has");
  return payload;
}

/** How the payload is formed: the first `length` bytes of the manifest, then `tail`. */
interface PayloadFormat {
  readonly length: number;
  readonly tail: Buffer;
}

/** `protected` is a JSON object in base64url: `{"formatLength":9,"formatTail":"Cn0","time":"…"}`. */
function parseFormat(signature: unknown): PayloadFormat {
  const encoded = isJSONObject(signature) ? signature["protected"] : undefined;
  if (typeof encoded !== "string")
    throw invalidDocument("manifest", "a signature has no protected header");
  const header = parseJSONObject("protected header of a signature", fromBase64URL(encoded)).value;
  const { formatLength, formatTail } = header;
  if (typeof formatLength !== "number" || !Number.isSafeInteger(formatLength) || formatLength < 0)
    throw invalidDocument("manifest", "the protected header of a signature has no formatLength");
  if (typeof formatTail !== "string")
    throw invalidDocument("manifest", "the protected header of a signature has no formatTail");
  return { length: formatLength, tail: fromBase64URL(formatTail) };
}

/** Node ignores characters that are not part of the alphabet; other programs reject them. */
function fromBase64URL(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") === text) return bytes;
  throw invalidDocument("manifest", "a signature has a field that is not base64url");
}
