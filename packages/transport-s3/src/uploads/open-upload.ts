import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { isS3Error } from "../client/bucket.ts";
import type { ObjectHeaders } from "../client/bucket.ts";
import type { BlobPool } from "./blob-pool.ts";
import { createUpload } from "./create-upload.ts";
import type { JournaledUpload } from "./journal-entry.ts";
import { MultipartUpload } from "./multipart-upload.ts";
import { listParts } from "./stored-parts.ts";
import type { StoredParts } from "./stored-parts.ts";
import type { PendingUpload } from "./uploads.ts";

/** Resumes an abandoned upload to this key if the store still has one; otherwise creates an upload. @throws S3Error */
export async function openUpload(
  pool: BlobPool,
  key: string,
  object: ObjectHeaders,
  options: OperationOptions,
): Promise<MultipartUpload> {
  const { bucket, journal } = pool;
  const keepsDigests = journal !== undefined && mayLackMD5ETags(pool, object);
  const headers: ObjectHeaders = keepsDigests ? { ...object, ChecksumAlgorithm: "SHA256" } : object;
  const headersText = JSON.stringify(headers);
  const isWanted = (found: JournaledUpload): boolean =>
    found.key === key && found.headers === headersText && found.uploadId !== undefined;
  for await (const entry of journal?.takeAbandoned(isWanted, options) ?? []) {
    const { uploadId = "" } = entry.upload;
    try {
      const stored = await findParts(pool, { key, uploadId }, options);
      if (stored !== undefined)
        return new MultipartUpload(bucket, { key, uploadId, entry, stored, keepsDigests }, options);
      await entry.end();
    } catch (error) {
      await entry.release();
      throw error;
    }
  }
  return createUpload(bucket, key, headers, options, journal);
}

/** An object that KMS encrypts has an ETag that is not an MD5. At AWS, a bucket may use KMS by default. */
function mayLackMD5ETags(
  { bucket }: BlobPool,
  { ServerSideEncryption: encryption }: ObjectHeaders,
): boolean {
  return bucket.connection.isAWS || encryption?.startsWith("aws:kms") === true;
}

/** The stored parts of an upload; undefined if it has ended. Without permission to list them, all parts are sent again. */
async function findParts(
  { bucket }: BlobPool,
  upload: Pick<PendingUpload, "key" | "uploadId">,
  options: OperationOptions,
): Promise<StoredParts | undefined> {
  try {
    return await listParts(bucket, upload, options);
  } catch (error) {
    if (isS3Error(error, "NoSuchUpload")) return undefined;
    if (isImageError(error, "denied")) return new Map();
    throw error;
  }
}
