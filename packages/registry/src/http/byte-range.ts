import type { ByteRange } from "@drayage/core";

import { Refusal } from "./refusal.ts";

/**
 * The one range that a `Range` header asks for; undefined where all is to be sent: no header, several ranges, another
 * unit, or text that is none (RFC 9110, section 14.2).
 * @throws Refusal with status 416 for a range outside of the blob
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
  throw new Refusal("UNSUPPORTED", `The blob has ${size} bytes, none of them in this range`, {
    status: 416,
    headers: { "Content-Range": `bytes */${size}` },
  });
}
