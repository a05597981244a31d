import { checkCopySource } from "./conditions.ts";
import { sliceOf } from "./content.ts";
import type { Content } from "./content.ts";
import { checkPermission, noSuchKey } from "./permissions.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, S3State, StoredObject } from "./s3-state.ts";

const gibibyte = 1 << 30;
const mebibyte = 1 << 20;

/** The source of a copy. */
export interface CopySource {
  readonly bucket: string;
  readonly object: StoredObject;
}

/** Parses `BUCKET/KEY`, percent-encoded, with an optional leading slash. @throws S3Error */
export function sourceOf(call: Call, state: S3State): CopySource {
  const text = call.headers["x-amz-copy-source"] ?? "";
  const [, bucket = "", key = ""] = /^\/?([^/]+)\/(.+)$/s.exec(decoded(text)) ?? [];
  if (key === "") throw invalidSource(text);
  const { objects } = bucketOf({ bucket }, state);
  checkPermission(call, { action: "s3:GetObject", bucket, key }, state);
  const object = objects.get(key);
  if (object === undefined) throw noSuchKey(call, { bucket, key }, state);
  checkCopySource(call, object);
  return { bucket, object };
}

function decoded(source: string): string {
  try {
    return decodeURIComponent(source.replaceAll("+", " "));
  } catch {
    throw invalidSource(source);
  }
}

/** The range of a source in `x-amz-copy-source-range`. @throws S3Error */
export function copiedRange(
  { headers }: Call,
  { content, size }: StoredObject,
  { settings: { minPartSize = 5 * mebibyte } }: S3State,
): Content {
  const range = headers["x-amz-copy-source-range"];
  if (range === undefined) return content;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  const [start, end] = [Number(first), Number(last) + 1];
  if (first === undefined || start >= end) {
    throw new S3Error(
      "InvalidArgument",
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      { details: { ArgumentName: "x-amz-copy-source-range", ArgumentValue: range } },
    );
  }
  if (end > size) {
    throw new S3Error(
      "InvalidArgument",
      `Range specified is not valid for source object of size: ${size}`,
      { details: { ArgumentName: "x-amz-copy-source-range", ArgumentValue: range } },
    );
  }
  if (size <= minPartSize) {
    throw invalid("The specified copy source is not supported as a byte-range copy source.");
  }
  return sliceOf(content, start, end);
}

/** @throws S3Error `NotImplemented` */
export function checkCopies({ settings: { copies = true } }: S3State): void {
  if (!copies) throw notImplemented("x-amz-copy-source");
}

/** @throws S3Error `InvalidRequest` above the maximum size of a copy */
export function checkCopySize(
  size: number,
  { settings: { maxRequestSize = 5 * gibibyte } }: S3State,
): void {
  if (size <= maxRequestSize) return;
  throw invalid(
    `The specified copy source is larger than the maximum allowable size for a copy source: ${maxRequestSize}`,
  );
}

function invalidSource(text: string): S3Error {
  return new S3Error(
    "InvalidArgument",
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    { details: { ArgumentName: "x-amz-copy-source", ArgumentValue: text } },
  );
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", message);
}
