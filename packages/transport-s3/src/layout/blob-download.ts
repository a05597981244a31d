import { ImageError, isImageError } from "@drayage/core";
import type { GetBlobOptions } from "@drayage/core";
import { readRangesAhead } from "@drayage/transport-kit/wire";
import type { RangeSource, ReadAhead } from "@drayage/transport-kit/wire";

import { isS3Error } from "../client/bucket.ts";
import type { Bucket } from "../client/bucket.ts";

/** Reads an object in order. Requests several ranges of a large object at once, within the memory limit. @throws ImageError `not-found` */
export function downloadBlob(
  bucket: Bucket,
  key: string,
  ahead: ReadAhead,
  { range = { start: 0 }, ...options }: GetBlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  return readRangesAhead(rangesOf(bucket, key), range, ahead, options);
}

function rangesOf(bucket: Bucket, key: string): RangeSource {
  const url = `s3://${bucket.name}/${key}`;
  return {
    operation: `read ${url}`,
    open: async ({ start, end }, options) => {
      try {
        const opened = await bucket.get(key, `${start}-${end ?? ""}`, options);
        if (opened !== undefined) return opened;
      } catch (error) {
        if (!isS3Error(error, "InvalidRange")) throw error;
        // The object ends before the range.
        return { bytes: nothing(), isWhole: false, size: start };
      }
      throw new ImageError("not-found", `No object ${url}`);
    },
    errorOf: (cause) => {
      if (isImageError(cause)) return cause;
      return bucket.connection.errorOf(cause, { action: "GetObject", bucket: bucket.name, key });
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
