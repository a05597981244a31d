import { createHash } from "node:crypto";

import type { ListPartsCommandInput, ListPartsCommandOutput } from "@aws-sdk/client-s3";
import type { OperationOptions } from "@drayage/core";

import type { Bucket } from "./bucket.ts";
import type { BegunUpload } from "./uploads.ts";

/** A part that the store has, as it tells of it. */
export interface StoredPart {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

/** By number. */
export type StoredParts = ReadonlyMap<number, StoredPart>;

/** The parts of an upload that have arrived. @throws S3Error `NoSuchUpload` */
export async function listParts(
  bucket: Bucket,
  { key, uploadId }: Pick<BegunUpload, "key" | "uploadId">,
  options: OperationOptions,
): Promise<StoredParts> {
  const parts = new Map<number, StoredPart>();
  for (let PartNumberMarker: string | undefined, isLast = false; !isLast;) {
    const input: ListPartsCommandInput = {
      Bucket: bucket.name,
      Key: key,
      UploadId: uploadId,
      ...(PartNumberMarker && { PartNumberMarker }),
    };
    const page: ListPartsCommandOutput = await bucket.ask(
      "ListMultipartUploadParts",
      key,
      (client, sdk, http) => client.send(new sdk.ListPartsCommand(input), http),
      options,
    );
    for (const { PartNumber = 0, ETag: etag = "", Size: size = 0 } of page.Parts ?? [])
      parts.set(PartNumber, { etag, size });
    PartNumberMarker = page.NextPartNumberMarker;
    isLast = !page.IsTruncated || PartNumberMarker === undefined;
  }
  return parts;
}

/** Whether the store proves that it has these bytes: most give a part its MD5 for an ETag. */
export function isSamePart({ etag, size }: StoredPart, bytes: Uint8Array): boolean {
  if (size !== bytes.byteLength) return false;
  return etag.replaceAll('"', "") === createHash("md5").update(bytes).digest("hex");
}
