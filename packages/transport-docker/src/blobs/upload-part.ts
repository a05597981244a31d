import { algorithmOf, isDigest } from "@drayage/core";
import type { Digest, ImageError, OperationOptions } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, readRefusal, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { uploadIn } from "./begun-upload.ts";
import type { BegunUpload } from "./begun-upload.ts";

/** Bytes that are sent in one request. */
export interface OutgoingPart {
  /** Where in the blob they begin. */
  readonly start: number;
  readonly length: number;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface SendOptions extends OperationOptions {
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends a part that others follow. @throws ImageError; `unavailable` also where the upload is over */
export async function sendChunk(
  repository: Repository,
  upload: BegunUpload,
  part: OutgoingPart,
  options: SendOptions,
): Promise<BegunUpload> {
  const headers = { ...headersOf(part), ...rangeOf(part), ...options.headers };
  const { location: target, namedBy } = upload;
  const request = { method: "PATCH", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request, headers, body: part.bytes });
  if (response.status === 202 || response.status === 204) {
    return uploadIn(repository, response, upload);
  }
  throw await partError(response, part, `send a blob to ${repository.name}`);
}

/** Sends the last part, which may be empty or the whole blob. @throws ImageError as `sendChunk`, `digest-mismatch` */
export async function finishUpload(
  repository: Repository,
  upload: BegunUpload,
  part: OutgoingPart & { readonly digest: Digest },
  options: SendOptions,
): Promise<void> {
  const { digest, start, length } = part;
  const isMiddle = start > 0 && length > 0;
  const headers = { ...headersOf(part), ...(isMiddle && rangeOf(part)), ...options.headers };
  const target = withDigest(upload.location, digest);
  const { namedBy } = upload;
  const request = { method: "PUT", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request, headers, body: part.bytes });
  if (response.status !== 201 && response.status !== 204) {
    throw await partError(response, part, `store the blob ${digest} in ${repository.name}`);
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

/** That an upload is not there any more, or was put together wrongly, says nothing of the next one. */
async function partError(
  response: HTTPResponse,
  { start }: OutgoingPart,
  operation: string,
): Promise<ImageError> {
  const refusal = await readRefusal(response);
  const isSpoilt = start > 0 && hasCode(refusal, "DIGEST_INVALID", "SIZE_INVALID");
  const mayPass = isSpoilt || refusal.status === 404;
  return registryError(refusal, operation, mayPass ? "unavailable" : undefined);
}

/** What the registry put into the query stays as it wrote it. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return url;
}
