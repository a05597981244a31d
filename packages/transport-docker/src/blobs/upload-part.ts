import { algorithmOf, isDigest } from "@drayage/core";
import type { Digest, DigestAlgorithm, ImageError, OperationOptions } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";

import { algorithmError } from "../http/algorithm-error.ts";
import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, readErrorResponse, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { sessionIn } from "./upload-session.ts";
import type { UploadSession } from "./upload-session.ts";

/** The part of a blob in one request. */
export interface OutgoingPart {
  /** The offset in the blob. */
  readonly start: number;
  readonly length: number;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface SendOptions extends OperationOptions {
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends a part except the last. @throws ImageError; `unavailable` also if the session has ended */
export async function sendChunk(
  repository: Repository,
  session: UploadSession,
  part: OutgoingPart,
  options: SendOptions,
): Promise<UploadSession> {
  const headers = { ...headersOf(part), ...rangeOf(part), ...options.headers };
  const { location: target, namedBy } = session;
  const request = { method: "PATCH", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request, headers, body: part.bytes });
  if (response.status === 202 || response.status === 204) {
    return sessionIn(repository, response, session);
  }
  throw await partError(response, part, `send a blob to ${repository.name}`);
}

/** Sends the last part, which may be empty or the complete blob. @throws ImageError as `sendChunk`, `digest-mismatch` */
export async function finishUpload(
  repository: Repository,
  session: UploadSession,
  part: OutgoingPart & { readonly digest: Digest },
  options: SendOptions,
): Promise<void> {
  const { digest, start, length } = part;
  const isMiddle = start > 0 && length > 0;
  const headers = { ...headersOf(part), ...(isMiddle && rangeOf(part)), ...options.headers };
  const target = withDigest(session.location, digest);
  const { namedBy } = session;
  const request = { method: "PUT", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request, headers, body: part.bytes });
  if (response.status !== 201 && response.status !== 204) {
    const operation = `store the blob ${digest} in ${repository.name}`;
    throw await partError(response, part, operation, algorithmOf(digest));
  }
  await response.discard();
  const stored = headerOf(response, "docker-content-digest");
  if (isDigest(stored) && algorithmOf(stored) === algorithmOf(digest)) checkDigest(stored, digest);
}

function headersOf({ length }: OutgoingPart): Readonly<Record<string, string>> {
  return { "content-type": "application/octet-stream", "content-length": `${length}` };
}

function rangeOf({ start, length }: OutgoingPart): Readonly<Record<string, string>> {
  return { "content-range": `${start}-${start + length - 1}` };
}

/** A missing session, or wrong bytes in it, may not affect the next session, so these errors are `unavailable`. */
async function partError(
  response: HTTPResponse,
  { start }: OutgoingPart,
  operation: string,
  algorithm: DigestAlgorithm = "sha256",
): Promise<ImageError> {
  const errorResponse = await readErrorResponse(response);
  const rejected = start === 0 ? algorithmError(errorResponse, operation, algorithm) : undefined;
  if (rejected !== undefined) return rejected;
  const isCorrupt = start > 0 && hasCode(errorResponse, "DIGEST_INVALID", "SIZE_INVALID");
  const isTemporary = isCorrupt || errorResponse.status === 404;
  return registryError(errorResponse, operation, isTemporary ? "unavailable" : undefined);
}

/** Appends to the query of the registry without changing it. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return url;
}
