import type { Checksum } from "./checksum.ts";
import { S3Error } from "./s3-error.ts";
import type { Call, StoredObject } from "./s3-state.ts";

/** From `start` to `end`, exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The range of a `Range` header. undefined to send everything: without a header, and for several ranges, another unit
 * and invalid text (RFC 9110, section 14.2). @throws S3Error `InvalidRange`
 */
export function requestedRange({ headers }: Call, size: number): Range | undefined {
  const { range } = headers;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (start < end) return { start, end };
  throw new S3Error("InvalidRange", "The requested range is not satisfiable", {
    details: { RangeRequested: range ?? "", ActualObjectSize: size },
    headers: { "Content-Range": `bytes */${size}` },
  });
}

/** The range of `partNumber`. An object from a single PUT has one part. @throws S3Error `InvalidPartNumber` */
export function partRange(
  { headers, query }: Call,
  { size, parts, checksum }: StoredObject,
): (Range & { readonly checksum: Checksum | undefined }) | undefined {
  const asked = query.get("partNumber");
  if (asked === null) return undefined;
  if (headers["range"] !== undefined) {
    throw new S3Error(
      "InvalidRequest",
      "Cannot specify both Range header and partNumber query parameter",
    );
  }
  const number = parsePartNumber(asked);
  if (parts === undefined && number === 1) return { start: 0, end: size, checksum };
  const index = number - 1;
  const part = parts?.[index];
  if (parts === undefined || part === undefined) {
    throw new S3Error("InvalidPartNumber", "The requested partnumber is not satisfiable", {
      details: { PartNumberRequested: number, ActualPartCount: parts?.length ?? 1 },
    });
  }
  const start = parts.slice(0, index).reduce((sum, one) => sum + one.size, 0);
  return { start, end: start + part.size, checksum: part.checksum };
}

/** @throws S3Error `InvalidArgument` */
export function parsePartNumber(text: string | null, most = 10_000): number {
  const number = Number(text);
  if (/^\d+$/.test(text ?? "") && number >= 1 && number <= most) return number;
  throw new S3Error(
    "InvalidArgument",
    `Part number must be an integer between 1 and ${most}, inclusive`,
    { details: { ArgumentName: "partNumber", ArgumentValue: text ?? "" } },
  );
}
