import { ImageError, Retries } from "@drayage/core";
import type { Digest, DigestAlgorithm, OperationOptions } from "@drayage/core";

import { algorithmError } from "../http/algorithm-error.ts";
import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { resolveLocation } from "../http/redirects.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";

/** An upload session of a registry (OCI distribution-spec, "Pushing blobs"). */
export interface UploadSession {
  /** The URL of the next request. Each response may change it. */
  readonly location: URL;
  /** The server that returned the location. */
  readonly namedBy: URL;
  /** The minimum size of each chunk except the last, in bytes. */
  readonly chunkMinLength: number;
}

/** The progress of an upload that the registry reports. */
export interface UploadProgress {
  readonly session: UploadSession;
  /** The number of stored bytes; undefined if the response is ambiguous. */
  readonly offset: number | undefined;
}

const cancelTimeout = 5000;
/** Limits the minimum that a registry may require, because a chunk may be held in memory. */
const maxChunkMinLength = 64 << 20;

/**
 * Starts an upload session for a blob whose digest has this algorithm.
 * @throws ImageError `denied`, `unavailable`, `unsupported`
 */
export async function startUpload(
  repository: Repository,
  algorithm: DigestAlgorithm,
  options: OperationOptions,
): Promise<UploadSession> {
  const query = algorithm === "sha256" ? "" : `?digest-algorithm=${algorithm}`;
  const target = `blobs/uploads/${query}`;
  const request = { method: "POST", target, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status === 202) return sessionIn(repository, response);
  const errorResponse = await readErrorResponse(response);
  const operation = `start an upload to ${repository.name}`;
  throw (
    algorithmError(errorResponse, operation, algorithm) ?? registryError(errorResponse, operation)
  );
}

/**
 * Mounts a blob from another repository of the same registry. Returns true on success, or the upload session that the
 * registry started instead, or undefined.
 */
export async function mountBlob(
  repository: Repository,
  digest: Digest,
  from: string,
  options: OperationOptions,
): Promise<true | UploadSession | undefined> {
  const query = new URLSearchParams({ mount: digest, from }).toString();
  const response = await repository.request({
    ...options,
    method: "POST",
    target: `blobs/uploads/?${query}`,
    action: "pull,push",
    mountedFrom: from,
  });
  if (response.status === 202) return sessionIn(repository, response);
  await response.discard();
  return response.status === 201 || undefined;
}

/** Requests the progress of an upload; undefined if the session has ended or the registry does not report it. */
export async function requestProgress(
  repository: Repository,
  session: UploadSession,
  options: OperationOptions,
): Promise<UploadProgress | undefined> {
  const { location: target, namedBy } = session;
  const request = { method: "GET", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status !== 204) {
    await response.discard();
    return undefined;
  }
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(headerOf(response, "range") ?? "") ?? [];
  // Registries report both no byte and one byte as `0-0`.
  const isUnambiguous = last !== undefined && Number(last) > 0;
  return {
    session: await sessionIn(repository, response, session),
    offset: isUnambiguous ? Number(last) + 1 : undefined,
  };
}

/** Cancels an upload. Ignores failures, because registries remove old sessions. */
export async function cancelUpload(
  repository: Repository,
  { location: target, namedBy }: UploadSession,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelTimeout);
    const retries = new Retries({ maxAttempts: 1 });
    const request = { method: "DELETE", target, namedBy, action: "pull,push" } as const;
    const response = await repository.request({ ...request, signal, retries });
    await response.discard();
  } catch {
    // The registry removes the session later.
  }
}

/** The upload session of a response. Headers that are missing keep the values of `previous`. */
export async function sessionIn(
  { registry }: Repository,
  response: HTTPResponse,
  previous?: UploadSession,
): Promise<UploadSession> {
  await response.discard();
  const minLength = Number(headerOf(response, "oci-chunk-min-length") ?? previous?.chunkMinLength);
  const chunkMinLength = minLength > 0 ? Math.min(minLength, maxChunkMinLength) : 0;
  const text = headerOf(response, "location");
  if (text === undefined) {
    if (previous !== undefined) return previous;
    throw new ImageError(
      "unsupported",
      `${response.url.host} started an upload but returned no Location header; report it to the operator of the registry`,
    );
  }
  const location = resolveLocation(text, response.url);
  registry.client.rejectDowngrade(response.url, location, registry.trust);
  return { location, namedBy: response.url, chunkMinLength };
}
