import { randomUUID } from "node:crypto";

import { algorithmOf, hexOf, ImageError, isImageError, parseDigest } from "@drayage/core";
import type { BlobStat, Digest, OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { Bucket, StoredChecksum } from "../client/bucket.ts";
import { keyIn } from "../s3-location.ts";
import { UploadJournal } from "./upload-journal.ts";

/** The folder of blobs in a bucket: the `blobs` of one layout, or a folder that several layouts share. */
export class BlobPool {
  readonly bucket: Bucket;
  /** The journal of its multipart uploads, if the settings have one. */
  readonly journal: UploadJournal | undefined;
  readonly #folder: string;

  /** `folder` has no leading or trailing slash. `journal` is a local folder. */
  constructor(bucket: Bucket, folder: string, journal?: string) {
    this.bucket = bucket;
    this.journal = journal === undefined ? undefined : new UploadJournal(journal, bucket, folder);
    this.#folder = folder;
  }

  keyOf(digest: Digest): string {
    return keyIn(this.#folder, algorithmOf(digest), hexOf(digest));
  }

  /** A key for a blob whose digest is unknown until its end. */
  temporaryKey(): string {
    return keyIn(this.#folder, "_drayage", randomUUID());
  }

  isTemporary(key: string): boolean {
    return key.startsWith(keyIn(this.#folder, "_drayage/"));
  }

  /** The size in bytes; undefined if the blob is absent, or if the checksum of the store differs from its digest. */
  async sizeOf(digest: Digest, options: OperationOptions): Promise<number | undefined> {
    const found = await this.#find(digest, options);
    return found === undefined || hasOtherDigest(found, digest) ? undefined : found.size;
  }

  /** The digest is the SHA-256 that the store computed over the whole blob, if it has one. */
  async stat(digest: Digest, options: OperationOptions): Promise<BlobStat | undefined> {
    const found = await this.#find(digest, options);
    if (found?.sha256 === undefined || algorithmOf(digest) !== "sha256")
      return found && { size: found.size };
    return { size: found.size, digest: parseDigest(`sha256:${found.sha256}`) };
  }

  /** Called if a write was rejected because the key exists. @throws ImageError `conflict` unless the object is the same blob */
  async checkPresent({ digest, size }: StoredBlob, options: OperationOptions): Promise<void> {
    const found = await this.#find(digest, options);
    const url = `s3://${this.bucket.name}/${this.keyOf(digest)}`;
    if (found === undefined) {
      const message = `Another client wrote or deleted ${url} during the upload; copy again`;
      throw new ImageError("conflict", message, { retryable: true });
    }
    const advice = "it is damaged; delete it and copy again";
    if (found.size !== size) {
      const message = `${url} has ${found.size} bytes and should have ${size}: ${advice}`;
      throw new ImageError("conflict", message);
    }
    if (hasOtherDigest(found, digest)) {
      const message = `${url} has the SHA-256 ${found.sha256}: ${advice}`;
      throw new ImageError("conflict", message);
    }
  }

  /** Omits the checksum if the permissions do not suffice: for an object that KMS encrypts, they must include its key. */
  async #find(
    digest: Digest,
    options: OperationOptions,
  ): Promise<Pick<StoredChecksum, "size" | "sha256"> | undefined> {
    const key = this.keyOf(digest);
    try {
      return await this.bucket.headChecksum(key, options);
    } catch (error) {
      if (!isImageError(error, "denied")) throw error;
      const found = await this.bucket.head(key, options);
      return found && { size: found.size, sha256: undefined };
    }
  }
}

function hasOtherDigest({ sha256 }: Pick<StoredChecksum, "sha256">, digest: Digest): boolean {
  return sha256 !== undefined && algorithmOf(digest) === "sha256" && sha256 !== hexOf(digest);
}
