import type { Answer } from "@drayage/registry/http";

import type { Checksum } from "./checksum.ts";
import type { Content, ContentStore } from "./content.ts";
import type { Operation } from "./operation.ts";
import { S3Error } from "./s3-error.ts";
import type { S3Request } from "./s3-request.ts";
import type { S3Settings } from "./s3-settings.ts";
import type { Signature } from "./signature.ts";

/** The state that operation handlers work with. */
export interface S3State {
  readonly settings: S3Settings;
  readonly region: string;
  readonly buckets: Map<string, Bucket>;
  readonly contents: ContentStore;
  readonly now: () => Date;
}

export interface Bucket {
  readonly name: string;
  readonly objects: Map<string, StoredObject>;
  /** By ID. */
  readonly uploads: Map<string, MultipartUpload>;
  /** The responses for completed uploads, by upload ID. */
  readonly completed: Map<string, CompletedUpload>;
  /** The number of deletions of each key. */
  readonly deletions: Map<string, number>;
}

export interface StoredObject {
  readonly key: string;
  readonly content: Content;
  readonly size: number;
  /** With quotation marks. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Headers that are stored on write and returned on read: `cache-control`, `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
  /** The parts of a multipart upload. */
  readonly parts: readonly StoredPart[] | undefined;
}

export interface StoredPart {
  readonly number: number;
  readonly content: Content;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
  readonly checksum: Checksum | undefined;
}

export interface MultipartUpload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  readonly headers: Readonly<Record<string, string>>;
  /** As requested when the upload was created. */
  readonly checksum: Pick<Checksum, "algorithm" | "type"> | undefined;
  readonly parts: Map<number, StoredPart>;
}

/** A completed upload. */
export interface CompletedUpload {
  readonly key: string;
  /** The document that listed its parts. */
  readonly document: string;
  readonly answer: Answer;
}

/** An authorized request. */
export interface Call extends S3Request {
  readonly operation: Operation;
  /** undefined for an unsigned request. */
  readonly signature: Signature | undefined;
}

export type Handler = (call: Call, state: S3State) => Answer | Promise<Answer>;

/** @throws S3Error `NoSuchBucket` */
export function bucketOf({ bucket }: Pick<Call, "bucket">, { buckets }: S3State): Bucket {
  const found = buckets.get(bucket);
  if (found !== undefined) return found;
  const details = { BucketName: bucket };
  throw new S3Error("NoSuchBucket", "The specified bucket does not exist", { details });
}

export function emptyBucket(name: string): Bucket {
  const uploads = { uploads: new Map(), completed: new Map() };
  return { name, objects: new Map(), ...uploads, deletions: new Map() };
}

/** Removes an object and counts the deletion. */
export function removeObject({ objects, deletions }: Bucket, key: string): void {
  if (objects.delete(key)) deletions.set(key, (deletions.get(key) ?? 0) + 1);
}
