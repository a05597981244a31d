import { createHash } from "node:crypto";

import type { CompletedPart, UploadPartCommand } from "@aws-sdk/client-s3";
import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { isS3Error, orRefused } from "../client/bucket.ts";
import type { Bucket, Precondition } from "../client/bucket.ts";
import type { S3Request } from "../client/connection.ts";
import type { S3Error } from "../client/s3-error.ts";
import type { JournalEntry } from "./journal-entry.ts";
import type { HeldPart } from "./part-reader.ts";
import { isSamePart } from "./stored-parts.ts";
import type { StoredParts } from "./stored-parts.ts";
import { abortUpload } from "./uploads.ts";

/** An upload that the store knows of. */
export interface KnownUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Where it is written down, if it is. */
  readonly entry?: JournalEntry | undefined;
  /** What arrived of it before. */
  readonly stored?: StoredParts;
  /** Whether the store keeps the SHA-256 of each part. */
  readonly keepsDigests: boolean;
}

/** The parts of an object on their way, several at once. Disposed of before it is complete it is given up, unless it is left. */
export class MultipartUpload implements AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #upload: KnownUpload;
  readonly #options: OperationOptions;
  readonly #siblings = new AbortController();
  readonly #parts: Promise<CompletedPart>[] = [];
  #arrived: number;
  #isComplete = false;
  #isLeft = false;

  constructor(bucket: Bucket, upload: KnownUpload, options: OperationOptions) {
    this.#bucket = bucket;
    this.#upload = upload;
    this.#arrived = upload.stored?.size ?? 0;
    const { signal: own } = this.#siblings;
    const signal = options.signal ? AbortSignal.any([options.signal, own]) : own;
    this.#options = { ...options, signal };
  }

  /** Aborted as soon as one of the parts failed. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Sends the next part, unless it is there already, and goes on before it has arrived. */
  send(part: HeldPart): void {
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
      const { ETag = "" } = await this.#ask(async (client, sdk, http) => {
        const command = new sdk.UploadPartCommand(input);
        if (digest !== undefined) signWith(command, digest);
        return client.send(command, http);
      });
      this.#arrived++;
      return { PartNumber, ETag, ...checksum };
    });
  }

  /** Makes the next part of a part of another object. */
  copy(source: { readonly CopySource: string; readonly CopySourceRange: string }): void {
    this.#add(async (PartNumber) => {
      const input = { ...this.#names, PartNumber, ...source };
      const { CopyPartResult: { ETag = "" } = {} } = await this.#ask((client, sdk, http) =>
        client.send(new sdk.UploadPartCopyCommand(input), http),
      );
      return { PartNumber, ETag };
    });
  }

  /**
   * Makes an object of all parts. False where it may not be ours that is there now: it may have been there before.
   * @throws S3Error; ImageError `conflict` where somebody gave the upload up
   */
  async complete(size: number, precondition: Precondition): Promise<boolean> {
    const input = {
      ...this.#names,
      ...precondition,
      MultipartUpload: { Parts: await Promise.all(this.#parts) },
      MpuObjectSize: size,
    };
    try {
      const done = await orRefused(
        this.#ask((client, sdk, http) =>
          client.send(new sdk.CompleteMultipartUploadCommand(input), http),
        ),
      );
      this.#isComplete = done !== undefined;
      return this.#isComplete;
    } catch (error) {
      // An attempt before this one may have been successful without anybody hearing of it.
      if (isS3Error(error, "NoSuchUpload")) return false;
      throw error;
    }
  }

  /** For whoever finds it written down: it is not given up, and neither is what it became forgotten. */
  leave(): void {
    this.#isLeft = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#siblings.abort();
    await Promise.allSettled(this.#parts);
    const { entry } = this.#upload;
    const isLeft = this.#isLeft && entry !== undefined && this.#arrived > 0;
    const isOver = !isLeft && (this.#isComplete || (await this.#isGivenUp()));
    await (isOver ? entry?.end() : entry?.leave());
  }

  async #isGivenUp(): Promise<boolean> {
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

  async #ask<Output>(request: S3Request<Output>): Promise<Output> {
    return this.#bucket.ask("PutObject", this.#upload.key, request, this.#options);
  }

  #add(work: (partNumber: number) => Promise<CompletedPart>): void {
    const part = work(this.#parts.length + 1).catch((error: unknown) => {
      throw isS3Error(error, "NoSuchUpload") ? this.#forgotten(error) : error;
    });
    part.catch((error: unknown) => this.#siblings.abort(error));
    this.#parts.push(part);
  }

  /** Perhaps because somebody else has completed the same. */
  #forgotten(cause: S3Error): ImageError {
    const place = `s3://${this.#bucket.name}/${this.#upload.key}`;
    const message = `Somebody gave the upload of ${place} up meanwhile: copy again`;
    return new ImageError("conflict", message, { cause, retryable: true });
  }
}

/** Its signature covers the digest of the body: that is known, and need not be computed again. */
function signWith({ middlewareStack }: UploadPartCommand, digest: Buffer): void {
  middlewareStack.add(
    (next) => async (given) => {
      const { headers } = given.request as { readonly headers: Record<string, string> };
      headers["x-amz-content-sha256"] = digest.toString("hex");
      return next(given);
    },
    { step: "build" },
  );
}
