import {
  algorithmOf,
  checkDigest,
  digestHasher,
  ImageError,
  isDigest,
  Retries,
} from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { resolveLocation } from "../http/redirects.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";

/** What was stored. */
export interface UploadedBlob {
  readonly digest: Digest;
  readonly size: number;
}

const contentType = "application/octet-stream";
const cancelTimeout = 5000;

/** Begins an upload and gives the URL at which it goes on. @throws ImageError `denied`, `unavailable`, `unsupported` */
export async function openUpload(repository: Repository, options: OperationOptions): Promise<URL> {
  const request = { method: "POST", target: "blobs/uploads/", action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status !== 202) {
    throw registryError(await readRefusal(response), `begin an upload to ${repository.name}`);
  }
  return nextLocation(repository, response);
}

/**
 * Asks for a blob of another repository of the same registry: true where it is ours now, else the URL of an upload that
 * the registry began instead, else undefined.
 */
export async function mountBlob(
  repository: Repository,
  digest: Digest,
  from: string,
  options: OperationOptions,
): Promise<true | URL | undefined> {
  const query = new URLSearchParams({ mount: digest, from }).toString();
  const response = await repository.request({
    ...options,
    method: "POST",
    target: `blobs/uploads/?${query}`,
    action: "pull,push",
    mountedFrom: from,
  });
  if (response.status === 202) return nextLocation(repository, response);
  await response.discard();
  return response.status === 201 || undefined;
}

/** Sends a blob whose digest and size are known in one request. @throws ImageError as `openUpload`, `digest-mismatch` */
export async function uploadKnown(
  repository: Repository,
  upload: URL,
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: UploadedBlob,
  options: OperationOptions,
): Promise<UploadedBlob> {
  const headers = { "content-type": contentType, "content-length": String(size) };
  await finish(repository, upload, digest, { ...options, headers, body: bytes });
  return { digest, size };
}

/** Sends a blob whose digest shows at its end only. @throws ImageError as `openUpload`, `digest-mismatch` */
export async function uploadUnknown(
  repository: Repository,
  upload: URL,
  bytes: AsyncIterable<Uint8Array>,
  { digest: expected }: BlobInfo,
  options: OperationOptions,
): Promise<UploadedBlob> {
  const hasher = digestHasher(expected && algorithmOf(expected));
  let size = 0;
  async function* measured(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      hasher.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  const headers = { "content-type": contentType };
  const request = { method: "PATCH", target: upload, action: "pull,push", headers } as const;
  const response = await repository.request({ ...options, ...request, body: measured() });
  if (response.status !== 202 && response.status !== 204) {
    throw registryError(await readRefusal(response), `send a blob to ${repository.name}`);
  }
  const digest = hasher.digest();
  if (expected !== undefined) checkDigest(digest, expected);
  const end = await nextLocation(repository, response);
  await finish(repository, end, digest, { ...options, headers: {}, body: new Uint8Array(0) });
  return { digest, size };
}

/** Gives an upload up, as far as the registry is there to hear it. */
export async function cancelUpload(repository: Repository, upload: URL): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelTimeout);
    const retries = new Retries({ attempts: 1 });
    const request = { method: "DELETE", target: upload, action: "pull,push" } as const;
    const response = await repository.request({ ...request, signal, retries });
    await response.discard();
  } catch {
    // registries sweep uploads that nobody goes on with
  }
}

interface LastPart extends OperationOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

async function finish(
  repository: Repository,
  upload: URL,
  digest: Digest,
  options: LastPart,
): Promise<void> {
  const target = withDigest(upload, digest);
  const request = { method: "PUT", target, action: "pull,push" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status !== 201 && response.status !== 204) {
    throw registryError(
      await readRefusal(response),
      `store the blob ${digest} in ${repository.name}`,
    );
  }
  await response.discard();
  const stored = headerOf(response, "docker-content-digest");
  if (isDigest(stored) && algorithmOf(stored) === algorithmOf(digest)) checkDigest(stored, digest);
}

/** What the registry put into the query stays as it wrote it. */
function withDigest(upload: URL, digest: Digest): URL {
  const url = new URL(upload);
  url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return url;
}

async function nextLocation({ registry }: Repository, response: HTTPResponse): Promise<URL> {
  await response.discard();
  const location = headerOf(response, "location");
  if (location === undefined) {
    throw new ImageError(
      "unsupported",
      `${response.url.host} began an upload without saying where it goes on (no Location)`,
    );
  }
  const url = resolveLocation(location, response.url);
  registry.client.refuseDowngrade(response.url, url, registry.trust);
  return url;
}
