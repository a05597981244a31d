import type { ByteRange } from "@drayage/core";

import { ErrorResponse } from "./error-response.ts";

/**
 * The range of a `Range` header. undefined to send everything: without a header, and for several ranges, another unit
 * and invalid text (RFC 9110, section 14.2). @throws ErrorResponse with status 416 for a range outside of the blob
 */
export function requestedRange(
  header: string | undefined,
  size: number,
): (Required<ByteRange> & { readonly end: number }) | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start <= end) return { start, end };
  throw new ErrorResponse(
    "UNSUPPORTED",
    `The range is outside of the blob, which has ${size} bytes`,
    {
      status: 416,
      headers: { "Content-Range": `bytes */${size}` },
    },
  );
}
