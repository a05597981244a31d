import type { OperationOptions } from "@drayage/core";
import { layoutFile } from "@drayage/image-layout";

import type { Bucket, NewObject, Precondition } from "./bucket.ts";
import { S3Error } from "./s3-error.ts";

/** How a store wants the conditions of a write; undefined where it does not keep them. */
export type Conditions = { readonly isBare: boolean } | undefined;

/** What AWS promises. */
export const standardConditions: Conditions = { isBare: false };

/** Only while it has this ETag. Ceph 16 compares it without its quotes, and refuses what has any. */
export function onlyIf(etag: string, conditions: NonNullable<Conditions>): Precondition {
  return { IfMatch: conditions.isBare ? etag.replaceAll('"', "") : etag };
}

/**
 * Tries a store out on an `oci-layout`, which is there afterwards. Everybody writes the same into it, so that it does no
 * harm where others do the same at this moment.
 */
export async function probeConditions(
  bucket: Bucket,
  key: string,
  headers: Omit<NewObject, "Body">,
  options: OperationOptions,
): Promise<Conditions> {
  const isWritten = async (precondition: Precondition): Promise<boolean> => {
    const object = { Body: layoutFile, ...headers, ...precondition };
    return (await bucket.put(key, object, options)) !== undefined;
  };
  try {
    await isWritten({ IfNoneMatch: "*" });
    if (await isWritten({ IfNoneMatch: "*" })) return undefined;
    if (await isWritten({ IfMatch: noETag })) return undefined;
    for (let tried: string | undefined; ;) {
      const etag = (await bucket.head(key, options))?.etag;
      // Refused although it was right the whole time.
      if (etag === undefined || etag === tried) return undefined;
      for (const isBare of [false, true])
        if (await isWritten(onlyIf(etag, { isBare }))) return { isBare };
      tried = etag;
    }
  } catch (error) {
    if (error instanceof S3Error && isNotKnown(error)) return undefined;
    throw error;
  }
}

const noETag = '"00000000000000000000000000000000"';

/** Some stores do not ignore what they do not know. */
function isNotKnown({ status, s3Code }: S3Error): boolean {
  return (
    status === 501 ||
    (status === 400 && /^(?:InvalidArgument|InvalidRequest|NotImplemented)$/.test(s3Code))
  );
}
