import { randomUUID } from "node:crypto";

import { algorithmOf, hexOf, ImageError, parseDigest } from "@drayage/core";
import type { Digest, OperationOptions, StoredDigest } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";

import type { Bucket } from "./bucket.ts";
import { keyIn } from "./s3-location.ts";
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

  /** Bytes; undefined where it is not there. */
  async sizeOf(digest: Digest, options: OperationOptions): Promise<number | undefined> {
    return (await this.bucket.head(this.keyOf(digest), options))?.size;
  }

  /** What the store computed over all of a blob when it came whole; undefined where it keeps no such checksum. @throws ImageError `not-found` */
  async findStoredDigest(
    digest: Digest,
    options: OperationOptions,
  ): Promise<StoredDigest | undefined> {
    const key = this.keyOf(digest);
    if (algorithmOf(digest) !== "sha256") return undefined;
    const found = await this.bucket.headChecksum(key, options);
    if (found === undefined)
      throw new ImageError("not-found", `There is no s3://${this.bucket.name}/${key}`);
    const { size, sha256 } = found;
    return sha256 && { digest: parseDigest(`sha256:${sha256.toString("hex")}`), size };
  }

  /** After a write that was refused because there is something already. @throws ImageError `conflict` unless it is the same */
  async checkPresent({ digest, size }: StoredBlob, options: OperationOptions): Promise<void> {
    const found = await this.sizeOf(digest, options);
    if (found === size) return;
    const place = `s3://${this.bucket.name}/${this.keyOf(digest)}`;
    throw found === undefined
      ? new ImageError(
          "conflict",
          `Somebody else wrote or deleted ${place} meanwhile: copy again`,
          {
            retryable: true,
          },
        )
      : new ImageError(
          "conflict",
          `${place} has ${found} bytes and should have ${size}: it is damaged; delete it and copy again`,
        );
  }
}
