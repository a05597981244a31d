import { isImageError, Retries } from "@drayage/core";
import type {
  BlobBody,
  BlobInfo,
  ImageError,
  OperationOptions,
  PutBlobOptions,
} from "@drayage/core";

import { unlessAborted } from "../authentication/shared-work.ts";
import { contentLengthOf, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, RegistryError } from "../http/registry-error.ts";
import { isFound } from "../registry/head-support.ts";
import { requestPresence } from "../registry/presence-request.ts";
import type { Repository } from "../registry/repository.ts";
import { askProgress, openUpload } from "./begun-upload.ts";
import type { BegunUpload } from "./begun-upload.ts";
import type { BlobPart, BlobParts, UploadedBlob } from "./blob-parts.ts";
import { HeldParts } from "./held-parts.ts";
import { StreamedParts } from "./streamed-parts.ts";
import { finishUpload, sendChunk } from "./upload-part.ts";

export interface UploadOptions extends PutBlobOptions {
  /** An upload that was begun already, and to which nothing was sent. */
  readonly begun?: BegunUpload | undefined;
  /** Told of each upload with which nobody goes on. */
  readonly abandon: (upload: BegunUpload) => void;
}

/**
 * Sends a blob, in one request where that can be. What breaks off goes on with what the registry does not have.
 * @throws ImageError `denied`, `unavailable`, `unsupported`, `digest-mismatch`
 */
export async function uploadBlob(
  repository: Repository,
  bytes: BlobBody,
  { digest, size }: BlobInfo,
  { begun, abandon, ...options }: UploadOptions,
): Promise<UploadedBlob> {
  const parts =
    digest !== undefined && size !== undefined
      ? new StreamedParts(bytes, { digest, size })
      : new HeldParts(bytes, digest, repository.registry.uploadLimits);
  try {
    const upload = begun ?? (await openUpload(repository, options));
    return await new BlobUpload(repository, upload, parts, { ...options, abandon }).run();
  } finally {
    parts.close();
  }
}

/** True where a repository has a blob, and nobody knows that it is another one. */
export async function isStored(
  repository: Repository,
  { digest, size }: UploadedBlob,
  options: OperationOptions,
): Promise<boolean> {
  const response = await requestPresence(repository, {
    ...options,
    kind: "blobs",
    name: digest,
    action: "pull,push",
    headersOfGet: { range: "bytes=0-0" },
    confirmAbsence: false,
  });
  await response.discard();
  return isFound(response.status) && (sizeIn(response) ?? size) === size;
}

/** Of the whole blob: from a range as from all of it. */
function sizeIn(response: HTTPResponse): number | undefined {
  if (response.status === 200) return contentLengthOf(response);
  const [, size] = /\/(\d+)$/.exec(headerOf(response, "content-range") ?? "") ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Bytes by which an attempt has to come further than those before. */
const leastProgress = 1 << 16;
const mostRefusals = 3;

class BlobUpload {
  readonly #repository: Repository;
  readonly #parts: BlobParts;
  readonly #options: OperationOptions;
  readonly #retries: Retries;
  readonly #abandon: UploadOptions["abandon"];
  #upload: BegunUpload;
  /** What the registry has, as far as it said so, and the most of that. */
  #offset = 0;
  #furthest = 0;
  /** How far the blob was handed out to connections. */
  #sent = 0;
  #losses = 0;
  #attempt = 1;
  /** For its token, one after the other. */
  #refusals = 0;

  constructor(
    repository: Repository,
    upload: BegunUpload,
    parts: BlobParts,
    { abandon, retries = new Retries(), ...options }: UploadOptions,
  ) {
    this.#repository = repository;
    this.#upload = upload;
    this.#parts = parts;
    this.#retries = retries;
    this.#abandon = abandon;
    this.#options = { ...options, retries };
  }

  async run(): Promise<UploadedBlob> {
    try {
      for (;;) {
        const part = await this.#nextPart();
        const stored = await this.#send(part).catch(async (error) => this.#recover(error, part));
        if (stored !== undefined) return stored;
      }
    } catch (error) {
      this.#abandon(this.#upload);
      throw error;
    }
  }

  async #nextPart(): Promise<BlobPart> {
    const { mostAtOnce } = this.#limits;
    const length = { least: this.#upload.chunkMinLength, most: mostAtOnce };
    return unlessAborted(this.#parts.next(this.#offset, length), this.#options.signal);
  }

  async #send(part: BlobPart): Promise<UploadedBlob | undefined> {
    const { headers } = this.#limits;
    const options = { ...this.#options, headers };
    if (part.ends !== undefined) {
      const last = { ...part, digest: part.ends.digest };
      await finishUpload(this.#repository, this.#upload, last, options);
      return part.ends;
    }
    this.#upload = await sendChunk(this.#repository, this.#upload, part, options);
    this.#offset += part.length;
    this.#refusals = 0;
    return undefined;
  }

  /** Finds out where to go on; gives the blob where it turns out to be stored. @throws the error where that is all */
  async #recover(error: unknown, part: BlobPart): Promise<UploadedBlob | undefined> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    if (!isImageError(error) || this.#parts.hasThrown(error)) throw error;
    if (!this.#parts.hasFrom(part.start) || !(await this.#mayGoOn(error, part))) throw error;
    const lost = this.#parts.position - part.start;
    this.#sent = Math.max(this.#sent, this.#parts.position);
    const stored = await this.#findOffset(error, part);
    if (stored !== undefined) return stored;
    const isLost = !(error instanceof RegistryError) && this.#offset <= part.start;
    if (isLost && ++this.#losses > 1) this.#limits.lost(lost);
    if (!this.#parts.hasFrom(this.#offset)) throw error;
    return undefined;
  }

  async #mayGoOn(error: ImageError, { length }: BlobPart): Promise<boolean> {
    const { status, retryAfter = 0 } = error instanceof RegistryError ? error : {};
    if (status === 413) return this.#limits.refused(length, this.#upload.chunkMinLength);
    // Whatever is asked next gets a new token.
    if (status === 401) return ++this.#refusals < mostRefusals;
    this.#refusals = 0;
    const hasProgressed = this.#offset - this.#furthest >= leastProgress;
    this.#furthest = Math.max(this.#furthest, this.#offset);
    const attempt = hasProgressed ? 1 : this.#attempt;
    this.#attempt = attempt + 1;
    const operation = `send a blob to ${this.#repository.name}`;
    const failed = { error, attempt, operation, retryAfter: retryAfter * 1000, hasProgressed };
    return this.#retries.waitForRetry(failed, this.#options.signal);
  }

  /** An upload that was put together wrongly is not gone on with, nor one of which it is not clear what it has. */
  async #findOffset(error: ImageError, part: BlobPart): Promise<UploadedBlob | undefined> {
    const progress = await askProgress(this.#repository, this.#upload, this.#options);
    if (progress !== undefined) this.#upload = progress.upload;
    if (progress?.offset !== undefined && !isSpoilt(error)) {
      this.#offset = Math.min(progress.offset, this.#sent);
      return undefined;
    }
    const { ends } = part;
    if (ends !== undefined && (await isStored(this.#repository, ends, this.#options))) return ends;
    if (progress !== undefined) this.#abandon(progress.upload);
    this.#upload = await openUpload(this.#repository, this.#options);
    this.#offset = 0;
    return undefined;
  }

  get #limits(): Repository["registry"]["uploadLimits"] {
    return this.#repository.registry.uploadLimits;
  }
}

function isSpoilt(error: ImageError): boolean {
  return error instanceof RegistryError && hasCode(error, "DIGEST_INVALID", "SIZE_INVALID");
}
