import { parseStrictJSON } from "../json/strict-json.ts";
import { isJSONObject } from "../manifest/json-object.ts";
import { ImageError, isImageError } from "../names/image-error.ts";

/** An unverified signature, as stored. */
export type Signature =
  /** An OpenPGP message (containers-signature.5). */
  | { readonly kind: "simple-signing"; readonly bytes: Uint8Array }
  /** A payload with annotations, as attached by cosign. */
  | {
      readonly kind: "sigstore";
      readonly mediaType: string;
      readonly payload: Uint8Array;
      readonly annotations: Readonly<Record<string, string>>;
    };

const sigstoreHeader = "\0sigstore-json\n";

/** The first bytes of OpenPGP messages, by which containers/image recognises simple signatures. */
const openPGPStarts = new Set([
  0xa0, 0xa1, 0xa2, 0xa3, 0xc8, 0x90, 0x91, 0x92, 0x3d, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2,
]);

/** Formats a signature for a file: simple signatures unchanged, sigstore signatures with a header. */
export function formatSignature(signature: Signature): Uint8Array {
  if (signature.kind === "simple-signing") return signature.bytes;
  const { mediaType: mimeType, payload, annotations } = signature;
  const json = JSON.stringify({
    mimeType,
    payload: Buffer.from(payload).toString("base64"),
    annotations,
  });
  return Buffer.from(sigstoreHeader + json);
}

/** Parses the output of `formatSignature`. @throws ImageError `unsupported` for an unknown format */
export function parseSignature(bytes: Uint8Array): Signature {
  if (openPGPStarts.has(bytes[0] ?? 0)) return { kind: "simple-signing", bytes };
  const header = Buffer.from(sigstoreHeader);
  if (!header.equals(bytes.subarray(0, header.byteLength))) {
    throw new ImageError(
      "unsupported",
      "A stored signature has an unknown format; to copy the image without its signatures, set removeSignatures (--remove-signatures)",
    );
  }
  return parseSigstore(bytes.subarray(header.byteLength));
}

function parseSigstore(bytes: Uint8Array): Signature {
  const stored = parseJSON(bytes);
  const { mimeType, payload, annotations } = isJSONObject(stored) ? stored : {};
  if (typeof mimeType !== "string" || !isBase64(payload) || !isTextRecord(annotations)) {
    throw new ImageError("unsupported", "A stored sigstore signature is incomplete");
  }
  return {
    kind: "sigstore",
    mediaType: mimeType,
    payload: Buffer.from(payload, "base64"),
    annotations: { ...annotations },
  };
}

const sigstoreShape = { mimeType: "any", payload: "any", annotations: "map" } as const;

function parseJSON(bytes: Uint8Array): unknown {
  try {
    return parseStrictJSON("sigstore signature", bytes, sigstoreShape);
  } catch (cause) {
    if (!isImageError(cause)) throw cause;
    throw new ImageError("unsupported", `A stored signature is invalid: ${cause.message}`, {
      cause,
    });
  }
}

/** Strict like Go. Node would ignore invalid characters. */
function isBase64(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length % 4 === 0 &&
    /^[A-Za-z0-9+/]*(?:[A-Za-z0-9+/]=|==)?$/.test(text)
  );
}

function isTextRecord(value: unknown): value is Record<string, string> | null | undefined {
  if (value === null || value === undefined) return true;
  return isJSONObject(value) && Object.values(value).every((text) => typeof text === "string");
}
