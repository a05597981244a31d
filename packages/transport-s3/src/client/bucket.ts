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

/** An object, or a range of it, open for reading. */
export interface OpenedObject extends OpenedRange {
  readonly etag: string;
  /** Bytes of the whole object. */
  readonly size: number;
}

/** The metadata of an object. */
export interface ObjectFacts {
  readonly key: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
}

/** The metadata of an object with the checksum that the store computed. */
export interface StoredChecksum {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** The SHA-256 of the whole object in hex; undefined if the store has none, or a composite one of the parts. */
  readonly sha256: string | undefined;
}

/** The conditions of a write. If they do not hold, nothing is written. */
export type Precondition = Pick<PutObjectCommandInput, "IfMatch" | "IfNoneMatch">;

/** Headers that the store keeps with an object, and how it stores the object. */
export type ObjectHeaders = Pick<
  PutObjectCommandInput,
  | "ContentType"
  | "CacheControl"
  | "StorageClass"
  | "ServerSideEncryption"
  | "SSEKMSKeyId"
  | "ChecksumAlgorithm"
>;

/** An object to write. */
export interface NewObject extends Precondition, ObjectHeaders {
  readonly Body: Uint8Array;
  /** Base64. The store rejects a body with another checksum. */
  readonly ChecksumSHA256?: string | undefined;
}

/** The objects of one bucket. An absent object is undefined. @throws S3Error */
export class Bucket {
  readonly name: string;
  readonly connection: Connection;
  readonly #version: Pick<Precondition, "IfMatch">;

  constructor(name: string, connection: Connection, version: Pick<Precondition, "IfMatch"> = {}) {
    this.name = name;
    this.connection = connection;
    this.#version = version;
  }

  /** The same bucket for reading objects with this ETag. Other objects fail with `PreconditionFailed`. */
  withETag(etag: string): Bucket {
    return new Bucket(this.name, this.connection, { IfMatch: etag });
  }

  /** Opens an object. `range` follows `bytes=` in the header. */
  async get(
    key: string,
    range: string,
    options?: GetBlobOptions,
  ): Promise<OpenedObject | undefined> {
    const input = { Bucket: this.name, Key: key, Range: `bytes=${range}`, ...this.#version };
    const output = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.GetObjectCommand(input), http),
      options,
    );
    if (output === undefined) return undefined;
    const { ETag: etag = "", ContentLength = 0, ContentRange, Body } = output;
    const [, size = ContentLength] = /\/(\d+)$/.exec(ContentRange ?? "") ?? [];
    const bytes = receivedBytes(Body as Readable, options);
    return { bytes, isWhole: ContentRange === undefined, size: Number(size), etag };
  }

  /** Reads a small object completely. @throws ImageError `invalid-manifest` above `limit` bytes */
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
        const message = `s3://${this.name}/${key} has more than the allowed ${limit} bytes`;
        throw new ImageError("invalid-manifest", message);
      },
      options,
    );
  }

  async head(key: string, options?: OperationOptions): Promise<ObjectFacts | undefined> {
    const input = { Bucket: this.name, Key: key };
    const output = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.HeadObjectCommand(input), http),
      options,
    );
    if (output === undefined) return undefined;
    const {
      ETag: etag = "",
      ContentLength: size = 0,
      LastModified: modified = new Date(0),
    } = output;
    return { key, etag, size, modified };
  }

  /** Reads the metadata with the checksum that the store computed on the write. */
  async headChecksum(key: string, options?: OperationOptions): Promise<StoredChecksum | undefined> {
    const input = { Bucket: this.name, Key: key, ChecksumMode: "ENABLED" } as const;
    const output = await this.#find(
      key,
      (client, sdk, http) => client.send(new sdk.HeadObjectCommand(input), http),
      options,
    );
    if (output === undefined) return undefined;
    const { ContentLength: size = 0, ETag: etag = "" } = output;
    return { size, etag, sha256: wholeChecksum(output) };
  }

  /** Writes an object. Returns its ETag, or undefined if the precondition did not hold. */
  async put(
    key: string,
    object: NewObject,
    options?: OperationOptions,
  ): Promise<string | undefined> {
    const input = { Bucket: this.name, Key: key, ...object };
    const output = await orPreconditionFailed(
      this.send(
        "PutObject",
        key,
        (client, sdk, http) => client.send(new sdk.PutObjectCommand(input), http),
        options,
      ),
    );
    return output && (output.ETag ?? "");
  }

  /** Copies an object of up to 5 GiB to `key`. Returns undefined if a precondition did not hold. */
  async copy(
    key: string,
    copy: Pick<CopyObjectCommandInput, "CopySource" | "CopySourceIfMatch" | "IfNoneMatch"> &
      ObjectHeaders,
    options?: OperationOptions,
  ): Promise<Omit<StoredChecksum, "size"> | undefined> {
    const MetadataDirective = "REPLACE" as const;
    const input = { Bucket: this.name, Key: key, MetadataDirective, ...copy };
    const output = await orPreconditionFailed(
      this.send(
        "PutObject",
        key,
        (client, sdk, http) => client.send(new sdk.CopyObjectCommand(input), http),
        options,
      ),
    );
    if (output === undefined) return undefined;
    const { CopyObjectResult: result = {} } = output;
    return { etag: result.ETag ?? "", sha256: wholeChecksum(result) };
  }

  async delete(key: string, options?: OperationOptions): Promise<void> {
    const input = { Bucket: this.name, Key: key };
    await orAbsent(
      this.send(
        "DeleteObject",
        key,
        (client, sdk, http) => client.send(new sdk.DeleteObjectCommand(input), http),
        options,
      ),
    );
  }

  /** Lists the objects below a prefix, in the order of their keys. */
  async *list(
    prefix: string,
    options?: OperationOptions,
  ): AsyncGenerator<ObjectFacts, void, undefined> {
    const progress = new ListProgress(`objects in s3://${this.name}/${prefix}`);
    const firstKeys = new Set<string | undefined>();
    for (let token: string | undefined, isLast = false; !isLast;) {
      const input = {
        Bucket: this.name,
        Prefix: prefix,
        ...(token && { ContinuationToken: token }),
      };
      const page = await this.send(
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
      // A page with the first key of an earlier page is a repeated page.
      const [first] = page.Contents ?? [];
      progress.add(firstKeys.has(first?.Key) ? 0 : (page.Contents?.length ?? 0), token);
      firstKeys.add(first?.Key);
      isLast = token === undefined;
    }
  }

  /** Sends another request about a key. `action` is the permission that it requires. */
  async send<Output>(
    action: string,
    key: string,
    request: S3Request<Output>,
    options?: OperationOptions,
  ): Promise<Output> {
    return this.connection.send({ action, bucket: this.name, key }, request, options);
  }

  /** Returns undefined for an absent object. HEAD requires `s3:GetObject` too. */
  async #find<Output>(
    key: string,
    request: S3Request<Output>,
    options: OperationOptions | undefined,
  ): Promise<Output | undefined> {
    return orAbsent(this.send("GetObject", key, request, options));
  }
}

/** Stores that do not return the type of a checksum append the number of parts to a composite one. */
function wholeChecksum({
  ChecksumSHA256 = "",
  ChecksumType,
}: Pick<CopyObjectResult, "ChecksumSHA256" | "ChecksumType">): string | undefined {
  const isWhole = ChecksumType !== "COMPOSITE" && /^[\w+/]{43}=$/.test(ChecksumSHA256);
  return isWhole ? Buffer.from(ChecksumSHA256, "base64").toString("hex") : undefined;
}

async function orAbsent<Output>(output: Promise<Output>): Promise<Output | undefined> {
  try {
    return await output;
  } catch (error) {
    const isAbsent = error instanceof S3Error && error.status === 404;
    if (isAbsent && error.s3Code !== "NoSuchBucket") return undefined;
    throw error;
  }
}

/** Undefined if a precondition did not hold, or if another client writes the same key at the same time. */
export async function orPreconditionFailed<Output>(
  output: Promise<Output>,
): Promise<Output | undefined> {
  try {
    return await output;
  } catch (error) {
    if (isS3Error(error, "PreconditionFailed", "ConditionalRequestConflict")) return undefined;
    throw error;
  }
}

/** Whether an error has one of these codes of S3. */
export function isS3Error(error: unknown, ...codes: readonly string[]): error is S3Error {
  return error instanceof S3Error && codes.includes(error.s3Code);
}
