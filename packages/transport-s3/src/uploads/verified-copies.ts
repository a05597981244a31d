import { algorithmOf, hexOf, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { Bucket, KnownContent, ObjectHeaders, Precondition } from "../client/bucket.ts";
import type { BlobPool } from "./blob-pool.ts";
import { copySourceOf } from "./object-copy.ts";

/** An object in the same store as a pool. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly key: string;
}

/** Bytes: what one CopyObject copies, which is the one request for which a store computes a checksum over all bytes. */
const maxCopySize = 5 * (1 << 30);

/**
 * Copies blobs inside a store. Whoever may write to the source may have put other bytes under the key of a digest, so
 * that nothing gets to the key of a digest here before the store has computed that digest itself.
 */
export class VerifiedCopies {
  readonly #pool: BlobPool;
  readonly #partSize: number;
  /** Whether the store computes SHA-256 when it copies; undefined until a blob needed it. */
  #computes: Promise<boolean> | undefined;

  /** Blobs of up to `partSize` bytes of which the store has no checksum cost less to read than to have it compute one. */
  constructor(pool: BlobPool, partSize: number) {
    this.#pool = pool;
    this.#partSize = partSize;
  }

  /** False where the blob has to be read to be verified. @throws S3Error; ImageError `conflict` where other bytes have the digest's key */
  async take(
    blob: StoredBlob,
    { bucket, key }: CopySource,
    object: ObjectHeaders & Precondition,
    options: OperationOptions,
  ): Promise<boolean> {
    if (algorithmOf(blob.digest) !== "sha256" || blob.size > maxCopySize) return false;
    const found = await bucket.headChecksum(key, options);
    if (found?.size !== blob.size) return false;
    const from = { CopySource: copySourceOf({ bucket: bucket.name, key }), ifMatch: found.etag };
    if (found.sha256 === undefined) return this.#takeHashed(blob, from, object, options);
    return isOf(blob, found) && this.#copy(blob, from, object, options);
  }

  /** By way of a key of its own, under which the store computes the checksum that the source has not. */
  async #takeHashed(
    blob: StoredBlob,
    from: SourceVersion,
    object: ObjectHeaders & Precondition,
    options: OperationOptions,
  ): Promise<boolean> {
    if (blob.size <= this.#partSize) return false;
    if (this.#computes !== undefined && !(await this.#computes)) return false;
    const tried = Promise.withResolvers<boolean>();
    this.#computes ??= tried.promise;
    const { bucket } = this.#pool;
    const key = this.#pool.temporaryKey();
    // A class of storage may be one out of which nothing can be copied at once.
    const { IfNoneMatch: _, StorageClass: __, ...headers } = object;
    try {
      const hashed = await copyVersion(bucket, key, from, headers, options);
      tried.resolve(hashed?.sha256 !== undefined);
      if (hashed === undefined || !isOf(blob, hashed)) return false;
      const CopySource = copySourceOf({ bucket: bucket.name, key });
      return await this.#copy(blob, { CopySource, ifMatch: hashed.etag }, object, options);
    } finally {
      tried.resolve(false);
      await bucket.delete(key).catch(() => {});
    }
  }

  /** An ETag may be an MD5, of which there are collisions: what another version of the same ETag became is deleted. */
  async #copy(
    blob: StoredBlob,
    from: SourceVersion,
    object: ObjectHeaders & Precondition,
    options: OperationOptions,
  ): Promise<boolean> {
    const { bucket } = this.#pool;
    const key = this.#pool.keyOf(blob.digest);
    const stored = await copyVersion(bucket, key, from, object, options);
    if (stored === undefined) return this.#isPresent(blob, options);
    if (stored.sha256 === undefined || isOf(blob, stored)) return true;
    await bucket.delete(key, { retries: options.retries });
    return false;
  }

  /** After a refused copy: the destination may have had the blob, or the source may have changed. */
  async #isPresent(blob: StoredBlob, options: OperationOptions): Promise<boolean> {
    try {
      await this.#pool.checkPresent(blob, options);
      return true;
    } catch (error) {
      if (isImageError(error, "conflict") && error.retryable) return false;
      throw error;
    }
  }
}

/** An object as it was when the store was asked about it. */
interface SourceVersion {
  readonly CopySource: string;
  /** Its ETag. */
  readonly ifMatch: string;
}

/** Undefined where the source is another version by now, or where the destination has something. */
async function copyVersion(
  bucket: Bucket,
  key: string,
  { CopySource, ifMatch: CopySourceIfMatch }: SourceVersion,
  object: ObjectHeaders & Precondition,
  options: OperationOptions,
): Promise<Pick<KnownContent, "etag" | "sha256"> | undefined> {
  const copy = { ...object, CopySource, CopySourceIfMatch, ChecksumAlgorithm: "SHA256" } as const;
  return bucket.copy(key, copy, options);
}

function isOf({ digest }: StoredBlob, { sha256 }: Pick<KnownContent, "sha256">): boolean {
  return sha256 === hexOf(digest);
}
