import type { OperationOptions } from "@drayage/core";

import type { Bucket, ObjectHeaders } from "../client/bucket.ts";
import { S3Error } from "../client/s3-error.ts";
import { MultipartUpload } from "./multipart-upload.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** Creates a multipart upload. Records it in the journal before the request is sent. @throws S3Error */
export async function createUpload(
  bucket: Bucket,
  key: string,
  headers: ObjectHeaders,
  options: OperationOptions,
  journal?: UploadJournal,
): Promise<MultipartUpload> {
  const input = { Bucket: bucket.name, Key: key, ...headers };
  const entry = await journal?.write(key, headers, options);
  let requests = 0;
  try {
    const { UploadId: uploadId = "" } = await bucket.send(
      "PutObject",
      key,
      async (client, sdk, http) => {
        requests++;
        return client.send(new sdk.CreateMultipartUploadCommand(input), http);
      },
      options,
    );
    if (entry !== undefined) await journal?.recordUploadId(entry, uploadId, options);
    // An earlier request may have created another upload whose response was lost.
    if (requests > 1) await (await journal?.write(key, headers, options))?.release();
    const keepsDigests = headers.ChecksumAlgorithm === "SHA256";
    return new MultipartUpload(bucket, { key, uploadId, entry, keepsDigests }, options);
  } catch (error) {
    const isRejected = requests === 1 && error instanceof S3Error && error.status !== undefined;
    await (isRejected ? entry?.end() : entry?.release());
    throw error;
  }
}
