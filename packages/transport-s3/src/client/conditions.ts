import type { OperationOptions } from "@drayage/core";
import { layoutFile } from "@drayage/image-layout";

import type { Bucket, NewObject, Precondition } from "./bucket.ts";
import { S3Error } from "./s3-error.ts";

/** How a store expects the conditions of writes; undefined if it does not honour them. */
export type Conditions = { readonly unquotedETags: boolean } | undefined;

/** The behaviour of AWS. */
export const standardConditions: Conditions = { unquotedETags: false };

/** The condition that the object still has this ETag. Ceph 16 requires it without quotes. */
export function ifMatch(etag: string, conditions: NonNullable<Conditions>): Precondition {
  return { IfMatch: conditions.unquotedETags ? etag.replaceAll('"', "") : etag };
}

/**
 * Finds out whether a store honours conditions, by writing `oci-layout`. Every client writes the same content, so
 * concurrent probes do not disturb each other.
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
    if (await isWritten({ IfMatch: unknownETag })) return undefined;
    for (let previous: string | undefined; ;) {
      const etag = (await bucket.head(key, options))?.etag;
      // The store rejected the current ETag in both forms.
      if (etag === undefined || etag === previous) return undefined;
      for (const unquotedETags of [false, true])
        if (await isWritten(ifMatch(etag, { unquotedETags }))) return { unquotedETags };
      previous = etag;
    }
  } catch (error) {
    if (error instanceof S3Error && isUnsupported(error)) return undefined;
    throw error;
  }
}

const unknownETag = '"00000000000000000000000000000000"';

/** Some stores reject headers that they do not support. */
function isUnsupported({ status, s3Code }: S3Error): boolean {
  return (
    status === 501 ||
    (status === 400 && /^(?:InvalidArgument|InvalidRequest|NotImplemented)$/.test(s3Code))
  );
}
