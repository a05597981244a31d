import { ImageError, Retries } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { resolveLocation } from "../http/redirects.ts";
import { readRefusal, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";

/** An upload that a registry began (OCI distribution-spec, "Pushing blobs"). */
export interface BegunUpload {
  /** Where it goes on; each answer may name another place. */
  readonly location: URL;
  /** The server that answered with it. */
  readonly namedBy: URL;
  /** The fewest bytes that each chunk but the last may have. */
  readonly chunkMinLength: number;
}

/** How much of a blob a registry has. */
export interface UploadProgress {
  readonly upload: BegunUpload;
  /** Bytes; undefined where that is not clear. */
  readonly offset: number | undefined;
}

const cancelTimeout = 5000;
/** More is nothing that a registry asks for, and all of it may have to be held in memory. */
const mostMinLength = 64 << 20;

/** @throws ImageError `denied`, `unavailable`, `unsupported` */
export async function openUpload(
  repository: Repository,
  options: OperationOptions,
): Promise<BegunUpload> {
  const request = { method: "POST", target: "blobs/uploads/", action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status === 202) return uploadIn(repository, response);
  throw registryError(await readRefusal(response), `begin an upload to ${repository.name}`);
}

/**
 * Asks for a blob of another repository of the same registry: true where it is ours now, else the upload that the
 * registry began instead, else undefined.
 */
export async function mountBlob(
  repository: Repository,
  digest: Digest,
  from: string,
  options: OperationOptions,
): Promise<true | BegunUpload | undefined> {
  const query = new URLSearchParams({ mount: digest, from }).toString();
  const response = await repository.request({
    ...options,
    method: "POST",
    target: `blobs/uploads/?${query}`,
    action: "pull,push",
    mountedFrom: from,
  });
  if (response.status === 202) return uploadIn(repository, response);
  await response.discard();
  return response.status === 201 || undefined;
}

/** Asks how far an upload is; undefined where it is over, or nobody says. */
export async function askProgress(
  repository: Repository,
  upload: BegunUpload,
  options: OperationOptions,
): Promise<UploadProgress | undefined> {
  const { location: target, namedBy } = upload;
  const request = { method: "GET", target, namedBy, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status !== 204) {
    await response.discard();
    return undefined;
  }
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(headerOf(response, "range") ?? "") ?? [];
  // `0-0` is written for no byte as for one.
  const isClear = last !== undefined && Number(last) > 0;
  return {
    upload: await uploadIn(repository, response, upload),
    offset: isClear ? Number(last) + 1 : undefined,
  };
}

/** Gives an upload up, as far as the registry is there to hear it. */
export async function cancelUpload(
  repository: Repository,
  { location: target, namedBy }: BegunUpload,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelTimeout);
    const retries = new Retries({ maxAttempts: 1 });
    const request = { method: "DELETE", target, namedBy, action: "pull,push" } as const;
    const response = await repository.request({ ...request, signal, retries });
    await response.discard();
  } catch {
    // registries sweep uploads that nobody goes on with
  }
}

/** What an answer says of how an upload goes on; where it says nothing, it is as `before`. */
export async function uploadIn(
  { registry }: Repository,
  response: HTTPResponse,
  before?: BegunUpload,
): Promise<BegunUpload> {
  await response.discard();
  const minLength = Number(headerOf(response, "oci-chunk-min-length") ?? before?.chunkMinLength);
  const chunkMinLength = minLength > 0 ? Math.min(minLength, mostMinLength) : 0;
  const text = headerOf(response, "location");
  if (text === undefined) {
    if (before !== undefined) return before;
    throw new ImageError(
      "unsupported",
      `${response.url.host} began an upload without saying where it goes on (no Location)`,
    );
  }
  const location = resolveLocation(text, response.url);
  registry.client.refuseDowngrade(response.url, location, registry.trust);
  return { location, namedBy: response.url, chunkMinLength };
}
