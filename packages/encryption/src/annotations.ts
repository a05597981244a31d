import type { Descriptor } from "@drayage/core";

import { decodeBase64, encodeBase64 } from "./base64.ts";
import { parsePublicOptions } from "./cipher-options.ts";
import { invalidLayer } from "./invalid-layer.ts";

/** The annotations of an encrypted layer (OCI image-spec, encryption proposal; ocicrypt). */
export const annotationNames = {
  jwe: "org.opencontainers.image.enc.keys.jwe",
  pkcs7: "org.opencontainers.image.enc.keys.pkcs7",
  publicOptions: "org.opencontainers.image.enc.pubopts",
} as const;

/** The parsed annotations of an encrypted layer. */
export interface EncryptionAnnotations {
  /** Wrapped keys. Each can have several recipients. */
  readonly jwe: readonly Uint8Array[];
  readonly pkcs7: readonly Uint8Array[];
  /** Other schemes that wrap the key, such as `pgp`, `pkcs11` and `provider.NAME`. */
  readonly others: readonly string[];
  readonly hmac: Uint8Array;
}

/** The maximum size of one annotation. 500 recipients with RSA keys of 4096 bits need as much. */
const maxAnnotationSize = 512 << 10;

/** The maximum number of wrapped keys in one annotation. Each costs one operation with a private key, or more. */
const maxWrappedKeys = 64;

const keysPrefix = "org.opencontainers.image.enc.keys.";

/** Formats a wrapped key for an annotation. */
export function formatWrappedKey(wrapped: Uint8Array): string {
  return encodeBase64(wrapped);
}

/** Parses the annotations of an encrypted layer. @throws ImageError `invalid-manifest`, `unsupported` */
export function parseEncryptionAnnotations({
  digest,
  annotations = {},
}: Descriptor): EncryptionAnnotations {
  const layer = `encrypted layer ${digest}`;
  const schemes = Object.keys(annotations)
    .filter((name) => name.startsWith(keysPrefix) && annotations[name] !== "")
    .map((name) => name.slice(keysPrefix.length));
  if (schemes.length === 0) throw invalidLayer(layer, "it has no annotation with a wrapped key");
  const options = annotations[annotationNames.publicOptions];
  if (options === undefined)
    throw invalidLayer(layer, `it has no annotation ${annotationNames.publicOptions}`);
  requireSize(annotationNames.publicOptions, options, layer);
  return {
    jwe: wrappedKeys(annotationNames.jwe, annotations, layer),
    pkcs7: wrappedKeys(annotationNames.pkcs7, annotations, layer),
    others: schemes.filter((scheme) => scheme !== "jwe" && scheme !== "pkcs7"),
    hmac: parsePublicOptions(options, digest),
  };
}

/** Keys in base64, separated by commas. */
function wrappedKeys(
  name: string,
  annotations: Readonly<Record<string, string>>,
  layer: string,
): readonly Uint8Array[] {
  const text = annotations[name] ?? "";
  if (text === "") return [];
  requireSize(name, text, layer);
  const parts = text.split(",");
  if (parts.length > maxWrappedKeys)
    throw invalidLayer(layer, `${name} has ${parts.length} keys; the limit is ${maxWrappedKeys}`);
  return parts.map((part) => decodeBase64(part, { what: `${layer}: ${name}` }));
}

function requireSize(name: string, text: string, layer: string): void {
  if (text.length <= maxAnnotationSize) return;
  throw invalidLayer(
    layer,
    `${name} has ${text.length} characters; the limit is ${maxAnnotationSize}`,
  );
}
