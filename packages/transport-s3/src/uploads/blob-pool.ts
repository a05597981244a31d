import { randomUUID } from "node:crypto";

import { algorithmOf, hexOf, ImageError, isImageError, parseDigest } from "@drayage/core";
import type { BlobStat, Digest, OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { Bucket, KnownContent } from "../client/bucket.ts";
import { keyIn } from "../s3-location.ts";
import { UploadJournal } from "./upload-journal.ts";

/** Where the blobs of a layout lie: in its own `blobs`, or with those of others. */
export class BlobPool {
  readonly bucket: Bucket;
  /** Of uploads to it in parts; undefined where nobody wants one. */
  readonly journal: UploadJournal | undefined;
  readonly #folder: string;

  /** `folder` is without slashes around it; `journal` one on this machine. */
  constructor(bucket: Bucket, folder: string, journal?: string) {
    this.bucket = bucket;
    this.journal = journal === undefined ? undefined : new UploadJournal(journal, bucket, folder);
    this.#folder = folder;
  }

  keyOf(digest: Digest): string {
    return keyIn(this.#folder, algorithmOf(digest), hexOf(digest));
  }

  /** For a blob that shows at its end what it is. */
  temporaryKey(): string {
    return keyIn(this.#folder, "_drayage", randomUUID());
  }

  isTemporary(key: string): boolean {
    return key.startsWith(keyIn(this.#folder, "_drayage/"));
  }

  /** Bytes; undefined where it is not there, or where the store's own checksum shows other bytes under its key. */
  async sizeOf(digest: Digest, options: OperationOptions): Promise<number | undefined> {
    const found = await this.#find(digest, options);
    return found === undefined || isOther(found, digest) ? undefined : found.size;
  }

  /** The digest is that of the checksum that the store computed over the whole blob, if it keeps one. */
  async stat(digest: Digest, options: OperationOptions): Promise<BlobStat | undefined> {
    const found = await this.#find(digest, options);
    if (found?.sha256 === undefined || algorithmOf(digest) !== "sha256")
      return found && { size: found.size };
    return { size: found.size, digest: parseDigest(`sha256:${found.sha256}`) };
  }

  /** After a write that was refused because there is something already. @throws ImageError `conflict` unless it is the same */
  async checkPresent({ digest, size }: StoredBlob, options: OperationOptions): Promise<void> {
    const found = await this.#find(digest, options);
    const place = `s3://${this.bucket.name}/${this.keyOf(digest)}`;
    if (found === undefined) {
      const message = `Somebody else wrote or deleted ${place} meanwhile: copy again`;
      throw new ImageError("conflict", message, { retryable: true });
    }
    const mend = "it is damaged; delete it and copy again";
    if (found.size !== size) {
      const message = `${place} has ${found.size} bytes and should have ${size}: ${mend}`;
      throw new ImageError("conflict", message);
    }
    if (isOther(found, digest)) {
      const message = `${place} has the SHA-256 ${found.sha256}: ${mend}`;
      throw new ImageError("conflict", message);
    }
  }

  /** Without a checksum where our rights do not reach as far: for one of an object that KMS encrypts they have to reach its key. */
  async #find(
    digest: Digest,
    options: OperationOptions,
  ): Promise<Pick<KnownContent, "size" | "sha256"> | undefined> {
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

function isOther({ sha256 }: Pick<KnownContent, "sha256">, digest: Digest): boolean {
  return sha256 !== undefined && algorithmOf(digest) === "sha256" && sha256 !== hexOf(digest);
}
