import { ImageError } from "./image-error.ts";

/** A signature as it is stored; nobody has checked it yet. */
export type Signature =
  /** An OpenPGP message (containers-signature.5). */
  | { readonly kind: "simple-signing"; readonly bytes: Uint8Array }
  /** A payload and its annotations, as cosign attaches them. */
  | {
      readonly kind: "sigstore";
      readonly mediaType: string;
      readonly payload: Uint8Array;
      readonly annotations: Readonly<Record<string, string>>;
    };

const sigstoreHeader = "\0sigstore-json\n";

/** First bytes of an OpenPGP message, as containers/image tells simple signatures from other formats. */
const openPGPStarts = new Set([
  0xa0, 0xa1, 0xa2, 0xa3, 0xc8, 0x90, 0x91, 0x92, 0x3d, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2,
]);

/** Bytes as `dir:` keeps them: simple signatures raw, sigstore's behind a header. */
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

/** Reads what `formatSignature` writes. @throws ImageError `unsupported` for a format that is not known */
export function parseSignature(bytes: Uint8Array): Signature {
  if (openPGPStarts.has(bytes[0] ?? 0)) return { kind: "simple-signing", bytes };
  const text = new TextDecoder().decode(bytes);
  if (!text.startsWith(sigstoreHeader)) {
    throw new ImageError("unsupported", "A stored signature has a format that is not known");
  }
  return parseSigstore(text.slice(sigstoreHeader.length));
}

function parseSigstore(text: string): Signature {
  const stored = parseJSON(text) as Partial<Record<string, unknown>> | null;
  const { mimeType, payload, annotations } = stored ?? {};
  if (typeof mimeType !== "string" || typeof payload !== "string" || !isTextRecord(annotations)) {
    throw new ImageError("unsupported", "A stored sigstore signature is not whole");
  }
  return {
    kind: "sigstore",
    mediaType: mimeType,
    payload: Buffer.from(payload, "base64"),
    annotations: annotations ?? {},
  };
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ImageError("unsupported", "A stored sigstore signature is not JSON", { cause });
  }
}

function isTextRecord(value: unknown): value is Record<string, string> | null | undefined {
  if (value === null || value === undefined) return true;
  return (
    typeof value === "object" && Object.values(value).every((text) => typeof text === "string")
  );
}
