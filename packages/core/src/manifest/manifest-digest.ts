import { digestOf } from "../names/digest.ts";
import type { Digest, DigestAlgorithm } from "../names/digest.ts";
import { schema1Payload } from "../schema1/signed-payload.ts";
import { parseJSONObject } from "./json-object.ts";
import { manifestShape } from "./manifest-shape.ts";
import { isManifestMediaType, isSchema1MediaType } from "./media-types.ts";

/**
 * The digest of a manifest. It covers all bytes or, for a signed manifest of Docker's schema 1, the payload of its
 * signatures.
 * @throws ImageError `invalid-manifest` for signatures of schema 1 that describe no payload
 */
export function manifestDigestOf(
  { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType?: string | undefined },
  algorithm: DigestAlgorithm = "sha256",
): Digest {
  const isSigned = !isOtherType(mediaType) && isSignedSchema1(bytes);
  return digestOf(isSigned ? schema1Payload(bytes) : bytes, algorithm);
}

function isOtherType(mediaType: unknown): boolean {
  if (typeof mediaType !== "string") return false;
  return isManifestMediaType(mediaType) && !isSchema1MediaType(mediaType);
}

/** Parses the manifest only if it contains the text `"signatures"`. */
function isSignedSchema1(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!text.includes('"signatures"') || !isJSON(text)) return false;
  const { schemaVersion, mediaType, signatures } = parseJSONObject(
    "manifest",
    bytes,
    manifestShape,
  ).value;
  const isSigned = signatures !== undefined && signatures !== null;
  return schemaVersion === 1 && isSigned && !isOtherType(mediaType);
}

function isJSON(text: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(text.toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
