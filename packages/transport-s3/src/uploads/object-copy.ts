import type { OperationOptions } from "@drayage/core";

import type { Bucket, ObjectHeaders, Precondition } from "../client/bucket.ts";
import { beginUpload } from "./begin-upload.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** An object of a known size, somewhere in the same store. */
export interface CopiedObject {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** How a large object is copied. */
export interface CopySettings {
  /** Where an upload in parts is written down. */
  readonly journal?: UploadJournal | undefined;
  /** Bytes. Default 1 GiB. */
  readonly partSize?: number;
}

/** CopyObject goes up to 5 GiB; parts are copied side by side. */
const usualPartSize = 1 << 30;

/**
 * Copies an object inside a store, without its bytes coming here. False where the copy may not be ours that is there
 * now: it may have been there before.
 */
export async function copyObject(
  from: CopiedObject,
  bucket: Bucket,
  key: string,
  object: ObjectHeaders & Precondition,
  options: OperationOptions,
  { journal, partSize = usualPartSize }: CopySettings = {},
): Promise<boolean> {
  const CopySource = copySourceOf(from);
  if (from.size <= partSize)
    return (await bucket.copy(key, { ...object, CopySource }, options)) !== undefined;
  const { IfNoneMatch, ...headers } = object;
  await using upload = await beginUpload(bucket, key, headers, options, journal);
  for (let start = 0; start < from.size; start += partSize) {
    const end = Math.min(start + partSize, from.size) - 1;
    upload.copy({ CopySource, CopySourceRange: `bytes=${start}-${end}` });
  }
  return await upload.complete(from.size, { IfNoneMatch });
}

/** Percent-encoded, as CopyObject takes it. */
export function copySourceOf({ bucket, key }: Pick<CopiedObject, "bucket" | "key">): string {
  return [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
}
