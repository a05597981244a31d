import { createHash } from "node:crypto";

import type { CompletedPart, UploadPartCommand } from "@aws-sdk/client-s3";
import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { isS3Error, orPreconditionFailed } from "../client/bucket.ts";
import type { Bucket, Precondition } from "../client/bucket.ts";
import type { S3Request } from "../client/connection.ts";
import type { S3Error } from "../client/s3-error.ts";
import type { JournalEntry } from "./journal-entry.ts";
import type { BufferedPart } from "./part-reader.ts";
import { isSamePart } from "./stored-parts.ts";
import type { StoredParts } from "./stored-parts.ts";
import { abortUpload } from "./uploads.ts";

/** An upload that exists in the store. */
export interface KnownUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Its entry in the journal, if any. */
  readonly entry?: JournalEntry | undefined;
  /** The parts that an earlier process has sent. */
  readonly stored?: StoredParts;
  /** Whether the store keeps the SHA-256 of each part. */
  readonly keepsDigests: boolean;
}

/** Sends the parts of an object, several at once. Disposal aborts an incomplete upload, unless `keep` was called. */
export class MultipartUpload implements AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #upload: KnownUpload;
  readonly #options: OperationOptions;
  readonly #siblings = new AbortController();
  readonly #parts: Promise<CompletedPart>[] = [];
  #sentParts: number;
  #isComplete = false;
  #isKept = false;

  constructor(bucket: Bucket, upload: KnownUpload, options: OperationOptions) {
    this.#bucket = bucket;
    this.#upload = upload;
    this.#sentParts = upload.stored?.size ?? 0;
    const { signal: own } = this.#siblings;
    const signal = options.signal ? AbortSignal.any([options.signal, own]) : own;
    this.#options = { ...options, signal };
  }

  /** Aborts as soon as one of the parts fails. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Starts to send the next part, unless the store has it already. Does not wait for the response. */
  send(part: BufferedPart): void {
    this.#add(async (PartNumber) => {
      using _ = part;
      const { bytes } = part;
      const { stored, keepsDigests } = this.#upload;
      const digest = keepsDigests ? createHash("sha256").update(bytes).digest() : undefined;
      const checksum = digest && { ChecksumSHA256: digest.toString("base64") };
      const found = stored?.get(PartNumber);
      if (found && isSamePart(found, bytes, digest))
        return { PartNumber, ETag: found.etag, ...checksum };
      const input = { ...this.#names, PartNumber, Body: bytes, ...checksum };
      const { ETag = "" } = await this.#send(async (client, sdk, http) => {
        const command = new sdk.UploadPartCommand(input);
        if (digest !== undefined) signWith(command, digest);
        return client.send(command, http);
      });
      this.#sentParts++;
      return { PartNumber, ETag, ...checksum };
    });
  }

  /** Starts to copy a range of another object as the next part. */
  copy(source: { readonly CopySource: string; readonly CopySourceRange: string }): void {
    this.#add(async (PartNumber) => {
      const input = { ...this.#names, PartNumber, ...source };
      const { CopyPartResult: { ETag = "" } = {} } = await this.#send((client, sdk, http) =>
        client.send(new sdk.UploadPartCopyCommand(input), http),
      );
      return { PartNumber, ETag };
    });
  }

  /**
   * Completes the upload. False if the object may be another one, which was present before.
   * @throws S3Error; ImageError `conflict` if another client aborted the upload
   */
  async complete(size: number, precondition: Precondition): Promise<boolean> {
    const input = {
      ...this.#names,
      ...precondition,
      MultipartUpload: { Parts: await Promise.all(this.#parts) },
      MpuObjectSize: size,
    };
    try {
      const completed = await orPreconditionFailed(
        this.#send((client, sdk, http) =>
          client.send(new sdk.CompleteMultipartUploadCommand(input), http),
        ),
      );
      this.#isComplete = completed !== undefined;
      return this.#isComplete;
    } catch (error) {
      // An earlier attempt may have succeeded although its response was lost.
      if (isS3Error(error, "NoSuchUpload")) return false;
      throw error;
    }
  }

  /** Keeps the upload and its journal entry, so a later process can resume or clean up. */
  keep(): void {
    this.#isKept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#siblings.abort();
    await Promise.allSettled(this.#parts);
    const { entry } = this.#upload;
    const isKept = this.#isKept && entry !== undefined && this.#sentParts > 0;
    const hasEnded = !isKept && (this.#isComplete || (await this.#abort()));
    await (hasEnded ? entry?.end() : entry?.release());
  }

  async #abort(): Promise<boolean> {
    try {
      await abortUpload(this.#bucket, this.#upload);
      return true;
    } catch {
      return false;
    }
  }

  get #names(): { readonly Bucket: string; readonly Key: string; readonly UploadId: string } {
    const { key, uploadId } = this.#upload;
    return { Bucket: this.#bucket.name, Key: key, UploadId: uploadId };
  }

  async #send<Output>(request: S3Request<Output>): Promise<Output> {
    return this.#bucket.send("PutObject", this.#upload.key, request, this.#options);
  }

  #add(work: (partNumber: number) => Promise<CompletedPart>): void {
    const part = work(this.#parts.length + 1).catch((error: unknown) => {
      throw isS3Error(error, "NoSuchUpload") ? this.#goneError(error) : error;
    });
    part.catch((error: unknown) => this.#siblings.abort(error));
    this.#parts.push(part);
  }

  /** Another client may have aborted or completed the same upload. */
  #goneError(cause: S3Error): ImageError {
    const url = `s3://${this.#bucket.name}/${this.#upload.key}`;
    const message = `Another client ended the upload of ${url}; copy again`;
    return new ImageError("conflict", message, { cause, retryable: true });
  }
}

/** Signs with the known digest of the body, so the SDK does not compute it again. */
function signWith({ middlewareStack }: UploadPartCommand, digest: Buffer): void {
  middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      headers["x-amz-content-sha256"] = digest.toString("hex");
      return next(args);
    },
    { step: "build" },
  );
}
