import { algorithmOf, hexOf, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { Bucket, StoredChecksum, ObjectHeaders, Precondition } from "../client/bucket.ts";
import type { BlobPool } from "./blob-pool.ts";
import { copySourceOf } from "./object-copy.ts";

/** An object in the same store as a pool. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly key: string;
}

/** Bytes: the limit of CopyObject, the only copy request for which a store computes a checksum of the whole object. */
const maxCopySize = 5 * (1 << 30);

/**
 * Copies blobs inside a store. The source may have other bytes under the key of a digest, so a blob is copied to its key
 * only after the store itself has computed this digest.
 */
export class VerifiedCopies {
  readonly #pool: BlobPool;
  readonly #partSize: number;
  /** Whether the store computes SHA-256 on a copy; undefined until a blob needs it. */
  #computes: Promise<boolean> | undefined;

  /** Blobs without a checksum of up to `partSize` bytes are read instead: that is cheaper than two copies. */
  constructor(pool: BlobPool, partSize: number) {
    this.#pool = pool;
    this.#partSize = partSize;
  }

  /** Copies a blob. False if it must be read to verify it. @throws S3Error; ImageError `conflict` if other content has its key */
  async copyBlob(
    blob: StoredBlob,
    { bucket, key }: CopySource,
    object: ObjectHeaders & Precondition,
    options: OperationOptions,
  ): Promise<boolean> {
    if (algorithmOf(blob.digest) !== "sha256" || blob.size > maxCopySize) return false;
    const found = await bucket.headChecksum(key, options);
    if (found?.size !== blob.size) return false;
    const from = { CopySource: copySourceOf({ bucket: bucket.name, key }), ifMatch: found.etag };
    if (found.sha256 === undefined) return this.#copyHashed(blob, from, object, options);
    return hasDigestOf(blob, found) && this.#copy(blob, from, object, options);
  }

  /** Copies over a temporary key, where the store computes the missing checksum. */
  async #copyHashed(
    blob: StoredBlob,
    from: SourceVersion,
    object: ObjectHeaders & Precondition,
    options: OperationOptions,
  ): Promise<boolean> {
    if (blob.size <= this.#partSize) return false;
    if (this.#computes !== undefined && !(await this.#computes)) return false;
    const probe = Promise.withResolvers<boolean>();
    this.#computes ??= probe.promise;
    const { bucket } = this.#pool;
    const key = this.#pool.temporaryKey();
    // Objects of some storage classes cannot be copied immediately.
    const { IfNoneMatch: _, StorageClass: __, ...headers } = object;
    try {
      const hashed = await copyVersion(bucket, key, from, headers, options);
      probe.resolve(hashed?.sha256 !== undefined);
      if (hashed === undefined || !hasDigestOf(blob, hashed)) return false;
      const CopySource = copySourceOf({ bucket: bucket.name, key });
      return await this.#copy(blob, { CopySource, ifMatch: hashed.etag }, object, options);
    } finally {
      probe.resolve(false);
      await bucket.delete(key).catch(() => {});
    }
  }

  /** Deletes a copy with another digest: an ETag may be an MD5, so another version may have the same one. */
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
    if (stored.sha256 === undefined || hasDigestOf(blob, stored)) return true;
    await bucket.delete(key, { retries: options.retries });
    return false;
  }

  /** Called after a rejected copy: the destination may have the blob already, or the source may have changed. */
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

/** A version of an object. */
interface SourceVersion {
  readonly CopySource: string;
  /** Its ETag. */
  readonly ifMatch: string;
}

/** Undefined if the source was replaced, or if the destination exists. */
async function copyVersion(
  bucket: Bucket,
  key: string,
  { CopySource, ifMatch: CopySourceIfMatch }: SourceVersion,
  object: ObjectHeaders & Precondition,
  options: OperationOptions,
): Promise<Pick<StoredChecksum, "etag" | "sha256"> | undefined> {
  const copy = { ...object, CopySource, CopySourceIfMatch, ChecksumAlgorithm: "SHA256" } as const;
  return bucket.copy(key, copy, options);
}

function hasDigestOf({ digest }: StoredBlob, { sha256 }: Pick<StoredChecksum, "sha256">): boolean {
  return sha256 === hexOf(digest);
}
