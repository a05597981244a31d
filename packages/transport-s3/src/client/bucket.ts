import type { Readable } from "node:stream";

import type {
  CopyObjectCommandInput,
  CopyObjectResult,
  PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { ImageError } from "@drayage/core";
import type { GetBlobOptions, OperationOptions } from "@drayage/core";
import { readStart } from "@drayage/core/content";
import { ListProgress } from "@drayage/transport-kit/wire";
import type { OpenedRange } from "@drayage/transport-kit/wire";

import type { Connection, S3Request } from "./connection.ts";
import { receivedBytes } from "./received-bytes.ts";
import { S3Error } from "./s3-error.ts";

/** A part of an object, or all of it. */
export interface OpenedObject extends OpenedRange {
  readonly etag: string;
  /** Of all of it, in bytes. */
  readonly size: number;
}

/** An object as far as the store tells without reading it. */
export interface ObjectFacts {
  readonly key: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
}

/** An object of which the store may have computed a checksum. */
export interface KnownContent {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** The SHA-256 of all bytes, in hex; undefined where the store keeps none, or only one composed of those of parts. */
  readonly sha256: string | undefined;
}

/** What has to hold for a write; where it does not, nothing is written. */
export type Precondition = Pick<PutObjectCommandInput, "IfMatch" | "IfNoneMatch">;

/** What is kept with an object, and how. */
export type ObjectHeaders = Pick<
  PutObjectCommandInput,
  | "ContentType"
  | "CacheControl"
  | "StorageClass"
  | "ServerSideEncryption"
  | "SSEKMSKeyId"
  | "ChecksumAlgorithm"
>;

/** What an object is to be. */
export interface NewObject extends Precondition, ObjectHeaders {
  readonly Body: Uint8Array;
  /** Base64; the store refuses a body that is another. */
  readonly ChecksumSHA256?: string | undefined;
}

/** The objects of one bucket. What is not there is undefined. @throws S3Error */
export class Bucket {
  readonly name: string;
  readonly connection: Connection;
  readonly #version: Pick<Precondition, "IfMatch">;

  constructor(name: string, connection: Connection, version: Pick<Precondition, "IfMatch"> = {}) {
    this.name = name;
    this.connection = connection;
    this.#version = version;
  }

  /** The same bucket to get objects of this ETag from: `PreconditionFailed` is thrown for any other. */
  only(etag: string): Bucket {
    return new Bucket(this.name, this.connection, { IfMatch: etag });
  }

  /** `range` is what an HTTP header says behind `bytes=`. */
  async get(
    key: string,
    range: string,
    options?: GetBlobOptions,
  ): Promise<OpenedObject | undefined> {
    const input = { Bucket: this.name, Key: key, Range: `bytes=${range}`, ...this.#version };
    const answer = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.GetObjectCommand(input), http),
      options,
    );
    if (answer === undefined) return undefined;
    const { ETag: etag = "", ContentLength = 0, ContentRange, Body } = answer;
    const [, size = ContentLength] = /\/(\d+)$/.exec(ContentRange ?? "") ?? [];
    const bytes = receivedBytes(Body as Readable, options);
    return { bytes, isWhole: ContentRange === undefined, size: Number(size), etag };
  }

  /** All of a small object. @throws ImageError `invalid-manifest` above `limit` bytes */
  async read(
    key: string,
    limit: number,
    options?: OperationOptions,
  ): Promise<{ readonly etag: string; readonly content: Uint8Array } | undefined> {
    const input = { Bucket: this.name, Key: key };
    return this.#find(
      key,
      async (client, sdk, http) => {
        const { ETag: etag = "", Body } = await client.send(new sdk.GetObjectCommand(input), http);
        const content = await readStart(receivedBytes(Body as Readable), limit + 1);
        if (content.byteLength <= limit) return { etag, content };
        const message = `s3://${this.name}/${key} has more than ${limit} bytes, the most that is read of it`;
        throw new ImageError("invalid-manifest", message);
      },
      options,
    );
  }

  async head(key: string, options?: OperationOptions): Promise<ObjectFacts | undefined> {
    const input = { Bucket: this.name, Key: key };
    const answer = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.HeadObjectCommand(input), http),
      options,
    );
    if (answer === undefined) return undefined;
    const {
      ETag: etag = "",
      ContentLength: size = 0,
      LastModified: modified = new Date(0),
    } = answer;
    return { key, etag, size, modified };
  }

  /** What the store computed over an object when it was written. */
  async headChecksum(key: string, options?: OperationOptions): Promise<KnownContent | undefined> {
    const input = { Bucket: this.name, Key: key, ChecksumMode: "ENABLED" } as const;
    const answer = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.HeadObjectCommand(input), http),
      options,
    );
    if (answer === undefined) return undefined;
    const { ContentLength: size = 0, ETag: etag = "" } = answer;
    return { size, etag, sha256: wholeChecksum(answer) };
  }

  /** The new ETag, or undefined where its precondition did not hold. */
  async put(
    key: string,
    object: NewObject,
    options?: OperationOptions,
  ): Promise<string | undefined> {
    const input = { Bucket: this.name, Key: key, ...object };
    const answer = await orRefused(
      this.ask(
        "PutObject",
        key,
        (client, sdk, http) => client.send(new sdk.PutObjectCommand(input), http),
        options,
      ),
    );
    return answer && (answer.ETag ?? "");
  }

  /** Copies an object of up to 5 GiB to `key`; undefined where a precondition did not hold. */
  async copy(
    key: string,
    copy: Pick<CopyObjectCommandInput, "CopySource" | "CopySourceIfMatch" | "IfNoneMatch"> &
      ObjectHeaders,
    options?: OperationOptions,
  ): Promise<Omit<KnownContent, "size"> | undefined> {
    const MetadataDirective = "REPLACE" as const;
    const input = { Bucket: this.name, Key: key, MetadataDirective, ...copy };
    const answer = await orRefused(
      this.ask(
        "PutObject",
        key,
        (client, sdk, http) => client.send(new sdk.CopyObjectCommand(input), http),
        options,
      ),
    );
    if (answer === undefined) return undefined;
    const { CopyObjectResult: result = {} } = answer;
    return { etag: result.ETag ?? "", sha256: wholeChecksum(result) };
  }

  async delete(key: string, options?: OperationOptions): Promise<void> {
    const input = { Bucket: this.name, Key: key };
    await orAbsent(
      this.ask(
        "DeleteObject",
        key,
        (client, sdk, http) => client.send(new sdk.DeleteObjectCommand(input), http),
        options,
      ),
    );
  }

  /** All below a prefix, in the order of their keys. */
  async *list(
    prefix: string,
    options?: OperationOptions,
  ): AsyncGenerator<ObjectFacts, void, undefined> {
    const progress = new ListProgress(`objects in s3://${this.name}/${prefix}`);
    const begun = new Set<string | undefined>();
    for (let token: string | undefined, isLast = false; !isLast;) {
      const input = {
        Bucket: this.name,
        Prefix: prefix,
        ...(token && { ContinuationToken: token }),
      };
      const page = await this.ask(
        "ListBucket",
        prefix,
        (client, sdk, http) => client.send(new sdk.ListObjectsV2Command(input), http),
        options,
      );
      for (const { Key = "", ETag = "", Size = 0, LastModified = new Date(0) } of page.Contents ??
        []) {
        yield { key: Key, etag: ETag, size: Size, modified: LastModified };
      }
      token = page.NextContinuationToken;
      // A page that begins as one before it is that page again.
      const [first] = page.Contents ?? [];
      progress.add(begun.has(first?.Key) ? 0 : (page.Contents?.length ?? 0), token);
      begun.add(first?.Key);
      isLast = token === undefined;
    }
  }

  /** Anything else about a key, for which somebody needs the right to `action`. */
  async ask<Output>(
    action: string,
    key: string,
    request: S3Request<Output>,
    options?: OperationOptions,
  ): Promise<Output> {
    return this.connection.send({ action, bucket: this.name, key }, request, options);
  }

  /** What is not there is undefined. To look at an object takes the right to read it. */
  async #find<Output>(
    key: string,
    request: S3Request<Output>,
    options: OperationOptions | undefined,
  ): Promise<Output | undefined> {
    return orAbsent(this.ask("GetObject", key, request, options));
  }
}

/** Stores that do not return the type of a checksum append the number of parts to a composite one. */
function wholeChecksum({
  ChecksumSHA256 = "",
  ChecksumType,
}: Pick<CopyObjectResult, "ChecksumSHA256" | "ChecksumType">): string | undefined {
  const isOfAll = ChecksumType !== "COMPOSITE" && /^[\w+/]{43}=$/.test(ChecksumSHA256);
  return isOfAll ? Buffer.from(ChecksumSHA256, "base64").toString("hex") : undefined;
}

async function orAbsent<Output>(answer: Promise<Output>): Promise<Output | undefined> {
  try {
    return await answer;
  } catch (error) {
    const isAbsent = error instanceof S3Error && error.status === 404;
    if (isAbsent && error.s3Code !== "NoSuchBucket") return undefined;
    throw error;
  }
}

/** undefined where a precondition did not hold, or somebody else writes the same key at this moment. */
export async function orRefused<Output>(answer: Promise<Output>): Promise<Output | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isS3Error(error, "PreconditionFailed", "ConditionalRequestConflict")) return undefined;
    throw error;
  }
}

/** True for an error of the store that has one of these codes. */
export function isS3Error(error: unknown, ...codes: readonly string[]): error is S3Error {
  return error instanceof S3Error && codes.includes(error.s3Code);
}
