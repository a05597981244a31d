import { invalidLayer } from "./invalid-layer.ts";

/** Encodes bytes in base64 with padding (RFC 4648, section 4), as Go encodes `[]byte` in JSON. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * Decodes base64. Accepts only the one form that an encoder writes, so that two texts never mean the same bytes. `size` is
 * the required number of bytes.
 * @throws ImageError `invalid-manifest`
 */
export function decodeBase64(
  value: unknown,
  { what, size }: { readonly what: string; readonly size?: number },
): Buffer {
  const bytes = Buffer.from(typeof value === "string" ? value : "", "base64");
  if (encodeBase64(bytes) !== value) throw invalidLayer(what, "it is not base64");
  if (size !== undefined && bytes.byteLength !== size)
    throw invalidLayer(what, `it has ${bytes.byteLength} bytes instead of ${size}`);
  return bytes;
}
