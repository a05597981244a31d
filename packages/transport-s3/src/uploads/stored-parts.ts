import { createHash } from "node:crypto";

import type { ListPartsCommandInput, ListPartsCommandOutput } from "@aws-sdk/client-s3";
import type { OperationOptions } from "@drayage/core";
import { ListProgress } from "@drayage/transport-kit/wire";

import type { Bucket } from "../client/bucket.ts";
import type { PendingUpload } from "./uploads.ts";

/** A part that the store has received. */
export interface StoredPart {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** Base64; undefined if the store has none. */
  readonly sha256: string | undefined;
}

/** The stored parts by part number. */
export type StoredParts = ReadonlyMap<number, StoredPart>;

/** Lists the stored parts of an upload. @throws S3Error `NoSuchUpload` */
export async function listParts(
  bucket: Bucket,
  { key, uploadId }: Pick<PendingUpload, "key" | "uploadId">,
  options: OperationOptions,
): Promise<StoredParts> {
  const parts = new Map<number, StoredPart>();
  const progress = new ListProgress(`parts of s3://${bucket.name}/${key}`);
  for (let PartNumberMarker: string | undefined, isLast = false; !isLast;) {
    const input: ListPartsCommandInput = {
      Bucket: bucket.name,
      Key: key,
      UploadId: uploadId,
      ...(PartNumberMarker && { PartNumberMarker }),
    };
    const page: ListPartsCommandOutput = await bucket.send(
      "ListMultipartUploadParts",
      key,
      (client, sdk, http) => client.send(new sdk.ListPartsCommand(input), http),
      options,
    );
    const known = parts.size;
    for (const part of page.Parts ?? []) {
      const { PartNumber = 0, ETag: etag = "", Size: size = 0, ChecksumSHA256: sha256 } = part;
      parts.set(PartNumber, { etag, size, sha256 });
    }
    PartNumberMarker = page.NextPartNumberMarker;
    isLast = !page.IsTruncated || PartNumberMarker === undefined;
    progress.add(parts.size - known, isLast ? undefined : PartNumberMarker);
  }
  return parts;
}

/** Whether the stored part has these bytes, by its SHA-256 or else by an ETag that is an MD5. */
export function isSamePart(
  { etag, size, sha256 }: StoredPart,
  bytes: Uint8Array,
  digest: Uint8Array | undefined,
): boolean {
  if (size !== bytes.byteLength) return false;
  if (digest !== undefined) return sha256 === Buffer.from(digest).toString("base64");
  return etag.replaceAll('"', "") === createHash("md5").update(bytes).digest("hex");
}
