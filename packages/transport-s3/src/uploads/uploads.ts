import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
} from "@aws-sdk/client-s3";
import type { OperationOptions } from "@drayage/core";
import { ListProgress } from "@drayage/transport-kit/wire";

import { isS3Error } from "../client/bucket.ts";
import type { Bucket } from "../client/bucket.ts";

/** An incomplete multipart upload. */
export interface PendingUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly createdAt: Date;
}

type Markers = Pick<ListMultipartUploadsCommandInput, "KeyMarker" | "UploadIdMarker">;

/** Lists the uploads to keys below a prefix. @throws S3Error */
export async function* listUploads(
  bucket: Bucket,
  prefix: string,
  options: OperationOptions,
): AsyncGenerator<PendingUpload, void, undefined> {
  const progress = new ListProgress(`uploads to s3://${bucket.name}/${prefix}`);
  for (let after: Markers | undefined = {}; after !== undefined;) {
    const input: ListMultipartUploadsCommandInput = {
      Bucket: bucket.name,
      Prefix: prefix,
      ...after,
    };
    const page: ListMultipartUploadsCommandOutput = await bucket.send(
      "ListBucketMultipartUploads",
      prefix,
      (client, sdk, http) => client.send(new sdk.ListMultipartUploadsCommand(input), http),
      options,
    );
    for (const { Key = "", UploadId = "", Initiated = new Date(0) } of page.Uploads ?? [])
      yield { key: Key, uploadId: UploadId, createdAt: Initiated };
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    after = IsTruncated ? { KeyMarker, UploadIdMarker } : undefined;
    progress.add(page.Uploads?.length ?? 0, after && JSON.stringify(after));
  }
}

/** Aborts an upload and deletes its parts. Does nothing if it has ended. */
export async function abortUpload(
  bucket: Bucket,
  { key, uploadId }: Pick<PendingUpload, "key" | "uploadId">,
  options?: OperationOptions,
): Promise<void> {
  const input = { Bucket: bucket.name, Key: key, UploadId: uploadId };
  try {
    await bucket.send(
      "AbortMultipartUpload",
      key,
      (client, sdk, http) => client.send(new sdk.AbortMultipartUploadCommand(input), http),
      options,
    );
  } catch (error) {
    if (!isS3Error(error, "NoSuchUpload")) throw error;
  }
}
