import type { OperationOptions } from "@drayage/core";

import type { Bucket, ObjectHeaders } from "../client/bucket.ts";
import { S3Error } from "../client/s3-error.ts";
import { MultipartUpload } from "./multipart-upload.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** Begins an object whose parts come one by one; it is written down before the store hears of it. @throws S3Error */
export async function beginUpload(
  bucket: Bucket,
  key: string,
  headers: ObjectHeaders,
  options: OperationOptions,
  journal?: UploadJournal,
): Promise<MultipartUpload> {
  const input = { Bucket: bucket.name, Key: key, ...headers };
  const entry = await journal?.write(key, headers, options);
  let asked = 0;
  try {
    const { UploadId: uploadId = "" } = await bucket.ask(
      "PutObject",
      key,
      async (client, sdk, http) => {
        asked++;
        return client.send(new sdk.CreateMultipartUploadCommand(input), http);
      },
      options,
    );
    if (entry !== undefined) await journal?.named(entry, uploadId, options);
    // There may be another one, of which we did not hear.
    if (asked > 1) await (await journal?.write(key, headers, options))?.leave();
    const keepsDigests = headers.ChecksumAlgorithm === "SHA256";
    return new MultipartUpload(bucket, { key, uploadId, entry, keepsDigests }, options);
  } catch (error) {
    const isRefused = asked === 1 && error instanceof S3Error && error.status !== undefined;
    await (isRefused ? entry?.end() : entry?.leave());
    throw error;
  }
}
