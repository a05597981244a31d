import { digestOf, ImageError } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { isManifestMediaType } from "@drayage/core/manifest";
import { findNamedFile, withFileErrors } from "@drayage/transport-kit/files";

import { writeResult } from "../process/standard-streams.ts";

/** `drayage manifest-digest` */
export async function manifestDigest(file: string, signal?: AbortSignal): Promise<void> {
  const manifest = await withFileErrors(file, async () =>
    findNamedFile(file, { limit: maxSize, signal }),
  );
  if (manifest === undefined)
    throw new ImageError(
      "invalid-reference",
      `There is no file ${file}; name the file of a manifest`,
    );
  await writeResult(`${digestOf(signedPart(manifest))}\n`);
}

/** Bytes. Exceeds the limit of every registry. */
const maxSize = 64 << 20;

/**
 * The digest of a signed schema 1 manifest covers the part that its signatures sign: a prefix of the file and a tail.
 * All other manifests are digested as they are. @throws ImageError `invalid-manifest`
 */
function signedPart(manifest: Uint8Array): Uint8Array {
  const signatures = signaturesOf(manifest);
  if (signatures === undefined) return manifest;
  const parts = signatures.map((signature) => partNamedBy(signature, manifest));
  const [first] = parts;
  if (first !== undefined && parts.every((part) => first.equals(part))) return first;
  throw broken(
    first === undefined ? "it has no signatures" : "its signatures sign different content",
  );
}

/** The signatures of a schema 1 manifest. undefined for all other files, including those that are not JSON. */
function signaturesOf(manifest: Uint8Array): readonly unknown[] | undefined {
  if (!isJSON(manifest)) return undefined;
  const value = parseStrictJSON("manifest", manifest, schema1Shape);
  if (!isJSONObject(value) || value["schemaVersion"] !== 1) return undefined;
  const { mediaType, signatures } = value;
  const isOther = typeof mediaType === "string" && isManifestMediaType(mediaType);
  if (isOther || signatures === undefined || signatures === null) return undefined;
  if (Array.isArray(signatures)) return signatures;
  throw broken("its signatures are not an array");
}

const schema1Shape = { schemaVersion: "any", mediaType: "any", signatures: "any" } as const;

function isJSON(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function partNamedBy(signature: unknown, manifest: Uint8Array): Buffer {
  const header = isJSONObject(signature) ? decoded(signature["protected"]) : undefined;
  if (header === undefined) throw broken("a signature has no protected header");
  const { formatLength, formatTail } = headerFields(header);
  const tail = decoded(formatTail);
  const isLength =
    typeof formatLength === "number" &&
    Number.isSafeInteger(formatLength) &&
    formatLength >= 0 &&
    formatLength <= manifest.byteLength;
  if (!isLength || tail === undefined) throw broken("a signature does not define what it signs");
  return Buffer.concat([manifest.subarray(0, formatLength), tail]);
}

function headerFields(header: Uint8Array): JSONObject {
  const fields = parseStrictJSON("header of a signature", header, headerShape);
  return isJSONObject(fields) ? fields : {};
}

const headerShape = { formatLength: "any", formatTail: "any", time: "any" } as const;

function decoded(text: unknown): Buffer | undefined {
  const isBase64URL = typeof text === "string" && /^[\w-]*={0,2}$/.test(text);
  return isBase64URL ? Buffer.from(text, "base64url") : undefined;
}

function broken(why: string): ImageError {
  return new ImageError(
    "invalid-manifest",
    `This manifest of Docker's schema 1 has no digest: ${why}`,
  );
}
