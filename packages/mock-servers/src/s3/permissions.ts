import { S3Error } from "./s3-error.ts";
import type { Call, S3State } from "./s3-state.ts";

/** An action as policies name it: `s3:GetObject` of a key, `s3:ListBucket` with an empty key. */
export interface Wanted {
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
}

/** Whether the client is allowed to do something. */
function isAllowed(
  { operation, signature }: Call,
  wanted: Wanted,
  { settings: { anonymous = false, policy } }: S3State,
): boolean {
  const accessKeyId = signature?.accessKeyId;
  if (accessKeyId === undefined && !anonymous) return false;
  return policy?.({ ...wanted, operation: operation.name, accessKeyId }) ?? true;
}

/** @throws S3Error `AccessDenied` */
export function checkPermission(call: Call, wanted: Wanted, state: S3State): void {
  if (!isAllowed(call, wanted, state)) throw denied(wanted);
}

/** The error for a missing key: `AccessDenied` if the client is not allowed to list. */
export function noSuchKey(
  call: Call,
  { bucket, key }: Omit<Wanted, "action">,
  state: S3State,
): S3Error {
  const listing = { action: "s3:ListBucket", bucket, key: "" };
  if (!isAllowed(call, listing, state)) return denied(listing);
  const details = { Key: key };
  return new S3Error("NoSuchKey", "The specified key does not exist.", { details });
}

function denied({ action, bucket, key }: Wanted): S3Error {
  const resource = key === "" ? bucket : `${bucket}/${key}`;
  return new S3Error(
    "AccessDenied",
    `User is not authorized to perform: ${action} on resource: "arn:aws:s3:::${resource}"`,
  );
}
