import type { Answer } from "@drayage/registry/http";

import { noSuchKey } from "./permissions.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, S3State, StoredObject } from "./s3-state.ts";

/**
 * The condition of a write ("Conditional writes"). Call the result right before the write, so that changes during the
 * transfer count. @throws S3Error for an unsupported condition; the result throws `PreconditionFailed`,
 * `ConditionalRequestConflict`, `NoSuchKey`
 */
export function writeCondition(call: Call, state: S3State): () => void {
  const { headers, key, operation } = call;
  const { conditions = "honoured" } = state.settings;
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  const isConditional = ifMatch !== undefined || ifNoneMatch !== undefined;
  const isLikeCeph = conditions === "if-match-rejected";
  const isLookedAt = !isLikeCeph || operation.name === "PutObject";
  if (conditions === "ignored" || !isLookedAt) return () => {};
  if (conditions === "required" && (!isConditional || operation.name === "CopyObject")) {
    throw isConditional ? notImplemented("If-None-Match") : demanded();
  }
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw notImplemented("If-Match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") throw notImplemented("If-None-Match");
  const bucket = bucketOf(call, state);
  const deletions = bucket.deletions.get(key);
  return () => {
    if (isConditional && bucket.deletions.get(key) !== deletions) throw conflict(key);
    const object = bucket.objects.get(key);
    if (ifNoneMatch !== undefined && object !== undefined)
      throw preconditionFailed("If-None-Match");
    if (ifMatch === undefined) return;
    if (isLikeCeph) throw preconditionFailed("If-Match");
    if (object === undefined) throw noSuchKey(call, call, state);
    if (!matches(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  };
}

/** Checks the condition of a deletion. @throws S3Error */
export function checkDeletion(
  call: Call,
  key: string,
  etag: string | undefined,
  state: S3State,
): void {
  const { conditions } = state.settings;
  const object = bucketOf(call, state).objects.get(key);
  const areIgnored = conditions === "ignored" || conditions === "if-match-rejected";
  if (etag === undefined || areIgnored) return;
  if (object === undefined) throw noSuchKey(call, { bucket: call.bucket, key }, state);
  if (!matches(etag, object.etag)) throw preconditionFailed("If-Match");
}

/** The response if a condition of a read is not met (RFC 9110, section 13.2.2). @throws S3Error `PreconditionFailed` */
export function unmetReading({ headers }: Call, object: StoredObject): Answer | undefined {
  checkSource(headers, "if-", object);
  const ifNoneMatch = headers["if-none-match"];
  const since = headers["if-modified-since"];
  const isKnown =
    ifNoneMatch === undefined
      ? since !== undefined && seconds(object.lastModified) <= seconds(new Date(since))
      : matches(ifNoneMatch, object.etag);
  if (!isKnown) return undefined;
  const validators = { ETag: object.etag, "Last-Modified": object.lastModified.toUTCString() };
  return { status: 304, headers: validators };
}

/** The same for the source of a copy, where every unmet condition is an error. @throws S3Error `PreconditionFailed` */
export function checkCopySource({ headers }: Call, object: StoredObject): void {
  const prefix = "x-amz-copy-source-if-";
  checkSource(headers, prefix, object);
  const ifNoneMatch = headers[`${prefix}none-match`];
  const since = headers[`${prefix}modified-since`];
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) throw preconditionFailed(`${prefix}none-match`);
  } else if (since !== undefined && seconds(object.lastModified) <= seconds(new Date(since))) {
    throw preconditionFailed(`${prefix}modified-since`);
  }
}

function checkSource(
  headers: Call["headers"],
  prefix: string,
  { etag, lastModified }: StoredObject,
): void {
  const ifMatch = headers[`${prefix}match`];
  const since = headers[`${prefix}unmodified-since`];
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag)) throw preconditionFailed(`${prefix}match`);
  } else if (since !== undefined && seconds(lastModified) > seconds(new Date(since))) {
    throw preconditionFailed(`${prefix}unmodified-since`);
  }
}

/** Accepts ETags without quotation marks, lists and `*`. */
function matches(condition: string, etag: string): boolean {
  const bare = etag.replaceAll('"', "");
  const wanted = condition.split(",").map((one) => one.trim().replaceAll('"', ""));
  return wanted.includes("*") || wanted.includes(bare);
}

/** HTTP dates have no fractions. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error(
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    { details: { Condition: condition } },
  );
}

function conflict(key: string): S3Error {
  return new S3Error(
    "ConditionalRequestConflict",
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
    { details: { Condition: "If-Match", Key: key } },
  );
}

function demanded(): S3Error {
  return new S3Error("AccessDenied", "A bucket policy requires If-None-Match or If-Match");
}
