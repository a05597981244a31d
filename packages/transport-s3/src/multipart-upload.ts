import type { CompletedPart } from "@aws-sdk/client-s3";
import type { OperationOptions } from "@drayage/core";

import type { Bucket, ObjectHeaders, Precondition } from "./bucket.ts";
import { isS3Error, orRefused } from "./bucket.ts";
import type { S3Request } from "./connection.ts";
import type { HeldPart } from "./part-reader.ts";
import { abortUpload } from "./uploads.ts";

/** The parts of an object on their way, several at once. Disposed of before it is complete it is given up. */
export class MultipartUpload implements AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #uploadId: string;
  readonly #options: OperationOptions;
  readonly #siblings = new AbortController();
  readonly #parts: Promise<CompletedPart>[] = [];
  #isComplete = false;

  private constructor(bucket: Bucket, key: string, uploadId: string, options: OperationOptions) {
    this.#bucket = bucket;
    this.#key = key;
    this.#uploadId = uploadId;
    const { signal: own } = this.#siblings;
    const signal = options.signal ? AbortSignal.any([options.signal, own]) : own;
    this.#options = { ...options, signal };
  }

  static async begin(
    bucket: Bucket,
    key: string,
    headers: ObjectHeaders,
    options: OperationOptions,
  ): Promise<MultipartUpload> {
    const input = { Bucket: bucket.name, Key: key, ...headers };
    const { UploadId = "" } = await bucket.ask(
      "PutObject",
      key,
      (client, sdk, http) => client.send(new sdk.CreateMultipartUploadCommand(input), http),
      options,
    );
    return new MultipartUpload(bucket, key, UploadId, options);
  }

  /** Aborted as soon as one of the parts failed. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Sends the next part, and goes on before it has arrived. */
  send(part: HeldPart): void {
    const { bytes } = part;
    this.#add(async (PartNumber) => {
      using _ = part;
      const input = { ...this.#names, PartNumber, Body: bytes };
      const { ETag = "" } = await this.#ask((client, sdk, http) =>
        client.send(new sdk.UploadPartCommand(input), http),
      );
      return { PartNumber, ETag };
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

  /** Makes an object of all parts. False where it may not be ours that is there now: it may have been there before. @throws S3Error */
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

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isComplete) return;
    this.#siblings.abort();
    await Promise.allSettled(this.#parts);
    const upload = { key: this.#key, uploadId: this.#uploadId };
    await abortUpload(this.#bucket, upload).catch(() => {});
  }

  get #names(): { readonly Bucket: string; readonly Key: string; readonly UploadId: string } {
    return { Bucket: this.#bucket.name, Key: this.#key, UploadId: this.#uploadId };
  }

  async #ask<Output>(request: S3Request<Output>): Promise<Output> {
    return this.#bucket.ask("PutObject", this.#key, request, this.#options);
  }

  #add(work: (partNumber: number) => Promise<CompletedPart>): void {
    const part = work(this.#parts.length + 1);
    part.catch((error: unknown) => this.#siblings.abort(error));
    this.#parts.push(part);
  }
}
