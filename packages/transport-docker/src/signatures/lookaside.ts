import { rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { algorithmOf, formatSignature, hexOf, ImageError, parseSignature } from "@drayage/core";
import type { Digest, OperationOptions, Signature } from "@drayage/core";
import { hasCode, makeFolder, readSmallFile, replaceFile } from "@drayage/transport-kit/files";

import type { HTTPClient } from "../http/http-client.ts";
import { readBody } from "../http/http-exchange.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { SignatureStorage } from "./signature-storage.ts";

/** The maximum number of signatures of a manifest. */
export const maxSignatures = 128;
/** In bytes. */
export const maxSignatureSize: number = 4 << 20;

/**
 * Reads signatures from a lookaside store, `signature-1` and the following (containers/image,
 * docs/signature-protocols.md). Requests carry no credentials.
 * @throws ImageError `unsupported`, `denied`, `unavailable`
 */
export async function readLookaside(
  { lookaside, path: repository }: SignatureStorage,
  digest: Digest,
  client: HTTPClient,
  options: OperationOptions,
): Promise<readonly Signature[]> {
  const signatures: Signature[] = [];
  for (;;) {
    const url = signatureURL(lookaside, repository, digest, signatures.length + 1);
    const bytes = await (url.protocol === "file:"
      ? readSmallFile(fileURLToPath(url), maxSignatureSize, options)
      : download(url, client, options));
    if (bytes === undefined) return signatures;
    if (signatures.length === maxSignatures) throw tooManySignatures(digest, lookaside.href);
    signatures.push(parseSignature(bytes));
  }
}

/** Replaces the signatures of a manifest in a lookaside store. @throws ImageError `denied`, `unavailable` */
export async function writeLookaside(
  { staging, path: repository }: SignatureStorage,
  digest: Digest,
  signatures: readonly Signature[],
  options: OperationOptions,
): Promise<void> {
  const fileOf = (number: number): string =>
    fileURLToPath(signatureURL(staging, repository, digest, number));
  await makeFolder(path.dirname(fileOf(1)));
  for (const [at, signature] of signatures.entries()) {
    await replaceFile(fileOf(at + 1), formatSignature(signature), options);
  }
  for (let number = signatures.length + 1; await isRemoved(fileOf(number)); number++);
}

export function tooManySignatures(digest: Digest, location: string): ImageError {
  const message = `${location} has more than ${maxSignatures} signatures of ${digest}`;
  return new ImageError("unsupported", `${message}; copy without signatures`);
}

function signatureURL(base: URL, repository: string, digest: Digest, number: number): URL {
  const url = new URL(base);
  url.pathname += `/${repository}@${algorithmOf(digest)}=${hexOf(digest)}/signature-${number}`;
  return url;
}

async function download(
  url: URL,
  client: HTTPClient,
  options: OperationOptions,
): Promise<Uint8Array | undefined> {
  const request = {
    ...options,
    method: "GET",
    url,
    headers: {},
    maxBodySize: maxSignatureSize,
  } as const;
  const response = await client.sendWithRetries(request);
  if (response.status === 200) return readBody(response, maxSignatureSize);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  throw registryError(await readErrorResponse(response), `read the signature ${url.href}`);
}

async function isRemoved(file: string): Promise<boolean> {
  try {
    await rm(file);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
