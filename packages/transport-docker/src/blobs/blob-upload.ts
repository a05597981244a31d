import { algorithmOf, isImageError, Retries } from "@drayage/core";
import type {
  BlobBody,
  BlobInfo,
  DigestAlgorithm,
  ImageError,
  OperationOptions,
  PutBlobOptions,
} from "@drayage/core";
import { untilAborted } from "@drayage/transport-kit/wire";

import { contentLengthOf, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, RegistryError } from "../http/registry-error.ts";
import { isFound } from "../registry/head-support.ts";
import { requestPresence } from "../registry/presence-request.ts";
import type { Repository } from "../registry/repository.ts";
import type { BlobPart, BlobParts, UploadedBlob } from "./blob-parts.ts";
import { BufferedParts } from "./buffered-parts.ts";
import { StreamedParts } from "./streamed-parts.ts";
import { finishUpload, sendChunk } from "./upload-part.ts";
import { requestProgress, startUpload } from "./upload-session.ts";
import type { UploadSession } from "./upload-session.ts";

export interface UploadOptions extends PutBlobOptions {
  /** An unused upload session. */
  readonly session?: UploadSession | undefined;
  /** Called for each session that is not continued. */
  readonly abandon: (session: UploadSession) => void;
}

/**
 * Uploads a blob, in one request if possible. A failed request resumes from the offset that the registry reports.
 * @throws ImageError `denied`, `unavailable`, `unsupported`, `digest-mismatch`
 */
export async function uploadBlob(
  repository: Repository,
  bytes: BlobBody,
  { digest, size }: BlobInfo,
  { session, abandon, digestAlgorithm = "sha256", ...options }: UploadOptions,
): Promise<UploadedBlob> {
  const parts =
    digest !== undefined && size !== undefined
      ? new StreamedParts(bytes, { digest, size })
      : new BufferedParts(bytes, digest ?? digestAlgorithm, repository.registry.uploadLimits);
  try {
    const algorithm = digest === undefined ? digestAlgorithm : algorithmOf(digest);
    const first = session ?? (await startUpload(repository, algorithm, options));
    const blobOptions = { ...options, algorithm, abandon };
    return await new BlobUpload(repository, first, parts, blobOptions).run();
  } finally {
    parts.close();
  }
}

/** Whether a repository has the blob. False if the reported size differs. */
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
  return isFound(response.status) && (blobSizeIn(response) ?? size) === size;
}

/** The size of the blob, from a complete response or from a range. */
function blobSizeIn(response: HTTPResponse): number | undefined {
  if (response.status === 200) return contentLengthOf(response);
  const [, size] = /\/(\d+)$/.exec(headerOf(response, "content-range") ?? "") ?? [];
  return size === undefined ? undefined : Number(size);
}

/** The minimum number of additional bytes that count as progress. */
const minProgress = 1 << 16;
const maxUnauthorized = 3;

class BlobUpload {
  readonly #repository: Repository;
  readonly #parts: BlobParts;
  readonly #options: OperationOptions;
  readonly #retries: Retries;
  readonly #algorithm: DigestAlgorithm;
  readonly #abandon: UploadOptions["abandon"];
  #session: UploadSession;
  /** The offset that the registry has reported, and its maximum. */
  #offset = 0;
  #maxOffset = 0;
  /** The end of the bytes that requests have read. */
  #sent = 0;
  #losses = 0;
  #attempt = 1;
  /** Consecutive 401 responses. */
  #unauthorized = 0;

  constructor(
    repository: Repository,
    session: UploadSession,
    parts: BlobParts,
    {
      abandon,
      algorithm,
      retries = new Retries(),
      ...options
    }: UploadOptions & { readonly algorithm: DigestAlgorithm },
  ) {
    this.#repository = repository;
    this.#session = session;
    this.#parts = parts;
    this.#retries = retries;
    this.#algorithm = algorithm;
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
      this.#abandon(this.#session);
      throw error;
    }
  }

  async #nextPart(): Promise<BlobPart> {
    const { maxRequestSize } = this.#limits;
    const length = { min: this.#session.chunkMinLength, max: maxRequestSize };
    return untilAborted(this.#parts.next(this.#offset, length), this.#options.signal);
  }

  async #send(part: BlobPart): Promise<UploadedBlob | undefined> {
    const { headers } = this.#limits;
    const options = { ...this.#options, headers };
    if (part.completes !== undefined) {
      const last = { ...part, digest: part.completes.digest };
      await finishUpload(this.#repository, this.#session, last, options);
      return part.completes;
    }
    this.#session = await sendChunk(this.#repository, this.#session, part, options);
    this.#offset += part.length;
    this.#unauthorized = 0;
    return undefined;
  }

  /** Finds the offset to resume from. Returns the blob if it turns out to be stored. @throws the error if the upload cannot resume */
  async #recover(error: unknown, part: BlobPart): Promise<UploadedBlob | undefined> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    if (!isImageError(error) || this.#parts.isStreamError(error)) throw error;
    if (!this.#parts.canReadFrom(part.start) || !(await this.#waitForRetry(error, part)))
      throw error;
    const lostLength = this.#parts.position - part.start;
    this.#sent = Math.max(this.#sent, this.#parts.position);
    const stored = await this.#findOffset(error, part);
    if (stored !== undefined) return stored;
    const isLost = !(error instanceof RegistryError) && this.#offset <= part.start;
    if (isLost && ++this.#losses > 1) this.#limits.reduceAfterLoss(lostLength);
    if (!this.#parts.canReadFrom(this.#offset)) throw error;
    return undefined;
  }

  async #waitForRetry(error: ImageError, { length }: BlobPart): Promise<boolean> {
    const { status, retryAfter = 0 } = error instanceof RegistryError ? error : {};
    if (status === 413)
      return this.#limits.reduceAfterRejection(length, this.#session.chunkMinLength);
    // The next request gets a new token.
    if (status === 401) return ++this.#unauthorized < maxUnauthorized;
    this.#unauthorized = 0;
    const hasProgressed = this.#offset - this.#maxOffset >= minProgress;
    this.#maxOffset = Math.max(this.#maxOffset, this.#offset);
    const attempt = hasProgressed ? 1 : this.#attempt;
    this.#attempt = attempt + 1;
    const operation = `send a blob to ${this.#repository.name}`;
    const failed = { error, attempt, operation, retryAfter: retryAfter * 1000, hasProgressed };
    return this.#retries.waitForRetry(failed, this.#options.signal);
  }

  /** Requests the offset. Starts a new session if the bytes in the old one are wrong, or their number is unknown. */
  async #findOffset(error: ImageError, part: BlobPart): Promise<UploadedBlob | undefined> {
    const progress = await requestProgress(this.#repository, this.#session, this.#options);
    if (progress !== undefined) this.#session = progress.session;
    if (progress?.offset !== undefined && !isCorrupt(error)) {
      this.#offset = Math.min(progress.offset, this.#sent);
      return undefined;
    }
    const { completes: blob } = part;
    if (blob !== undefined && (await isStored(this.#repository, blob, this.#options))) return blob;
    if (progress !== undefined) this.#abandon(progress.session);
    this.#session = await startUpload(this.#repository, this.#algorithm, this.#options);
    this.#offset = 0;
    return undefined;
  }

  get #limits(): Repository["registry"]["uploadLimits"] {
    return this.#repository.registry.uploadLimits;
  }
}

/** Whether the registry has other bytes than were sent. */
function isCorrupt(error: ImageError): boolean {
  return error instanceof RegistryError && hasCode(error, "DIGEST_INVALID", "SIZE_INVALID");
}
