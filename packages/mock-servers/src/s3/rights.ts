import { S3Refusal } from "./refusal.ts";
import type { Call, S3State } from "./s3-state.ts";

/** What somebody may do or not, as policies name it: `s3:GetObject` of a key, `s3:ListBucket` with an empty one. */
export interface Wanted {
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
}

/** Whether the one who asks may do something, be it what was asked for or not. */
function mayDo(
  { operation, signature }: Call,
  wanted: Wanted,
  { settings: { anonymous = false, policy } }: S3State,
): boolean {
  const accessKeyId = signature?.accessKeyId;
  if (accessKeyId === undefined && !anonymous) return false;
  return policy?.({ ...wanted, operation: operation.name, accessKeyId }) ?? true;
}

/** @throws S3Refusal `AccessDenied` */
export function checkRight(call: Call, wanted: Wanted, state: S3State): void {
  if (!mayDo(call, wanted, state)) throw denied(wanted);
}

/** For a key that is not there: who may not list is not told even that. */
export function noSuchKey(
  call: Call,
  { bucket, key }: Omit<Wanted, "action">,
  state: S3State,
): S3Refusal {
  const listing = { action: "s3:ListBucket", bucket, key: "" };
  if (!mayDo(call, listing, state)) return denied(listing);
  const details = { Key: key };
  return new S3Refusal("NoSuchKey", "The specified key does not exist.", { details });
}

function denied({ action, bucket, key }: Wanted): S3Refusal {
  const resource = key === "" ? bucket : `${bucket}/${key}`;
  return new S3Refusal(
    "AccessDenied",
    `User is not authorized to perform: ${action} on resource: "arn:aws:s3:::${resource}"`,
  );
}
