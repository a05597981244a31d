import { createPublicKey } from "node:crypto";

const block = /-----BEGIN ([A-Z ]+)-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----\s*/y;

/** A block of a PEM file (RFC 7468). */
export interface PEMBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** The blocks of a PEM file, after any other text. Undefined if it has other text after a block, or no block. */
export function pemBlocks(content: Uint8Array): readonly PEMBlock[] | undefined {
  const whole = Buffer.from(content).toString("latin1");
  const text = whole.slice(Math.max(whole.indexOf("-----BEGIN "), 0));
  const blocks: PEMBlock[] = [];
  block.lastIndex = 0;
  while (block.lastIndex < text.length) {
    const [, label, base64] = block.exec(text) ?? [];
    if (label === undefined || base64 === undefined) return undefined;
    blocks.push({ label, bytes: Buffer.from(base64, "base64") });
  }
  return blocks.length > 0 ? blocks : undefined;
}

/** The DER bytes of the only block of a PEM file: a certificate, or a public key, which is normalized. */
export function certificateOrKeyBytes(content: Uint8Array): Uint8Array | undefined {
  const [only, ...others] = pemBlocks(content) ?? [];
  if (only === undefined || others.length > 0) return undefined;
  if (only.label === "CERTIFICATE") return only.bytes;
  try {
    return createPublicKey(Buffer.from(content)).export({ type: "spki", format: "der" });
  } catch {
    return undefined;
  }
}
