import type { OperationOptions } from "@drayage/core";

import type { Bucket, ObjectHeaders, Precondition } from "../client/bucket.ts";
import { createUpload } from "./create-upload.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** An object of known size in the same store. */
export interface CopiedObject {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** Settings for copying large objects. */
export interface CopySettings {
  /** The journal for multipart uploads. */
  readonly journal?: UploadJournal | undefined;
  /** Bytes. Default 1 GiB. */
  readonly partSize?: number;
}

/** Bytes. CopyObject copies up to 5 GiB; parts are copied in parallel. */
const defaultPartSize = 1 << 30;

/**
 * Copies an object inside a store. False if the object may be another one, which was present before.
 */
export async function copyObject(
  from: CopiedObject,
  bucket: Bucket,
  key: string,
  object: ObjectHeaders & Precondition,
  options: OperationOptions,
  { journal, partSize = defaultPartSize }: CopySettings = {},
): Promise<boolean> {
  const CopySource = copySourceOf(from);
  if (from.size <= partSize)
    return (await bucket.copy(key, { ...object, CopySource }, options)) !== undefined;
  const { IfNoneMatch, ...headers } = object;
  await using upload = await createUpload(bucket, key, headers, options, journal);
  for (let start = 0; start < from.size; start += partSize) {
    const end = Math.min(start + partSize, from.size) - 1;
    upload.copy({ CopySource, CopySourceRange: `bytes=${start}-${end}` });
  }
  return await upload.complete(from.size, { IfNoneMatch });
}

/** The percent-encoded source of a copy request. */
export function copySourceOf({ bucket, key }: Pick<CopiedObject, "bucket" | "key">): string {
  return [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
}
