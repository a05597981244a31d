import { uploadOf } from "./multipart-uploads.ts";
import { checksumHeaders, encryptionHeaders, etagOf } from "./object-headers.ts";
import { parsePartNumber } from "./object-range.ts";
import { receive } from "./payload.ts";
import { S3Error } from "./s3-error.ts";
import type { Handler, MultipartUpload, StoredPart } from "./s3-state.ts";

/** Replaces an existing part with this number. */
export const uploadPart: Handler = async (call, state) => {
  const { settings } = state;
  const { checksum: planned, headers } = uploadOf(call, state);
  const number = parsePartNumber(call.query.get("partNumber"), settings.maxParts);
  if (settings.checksums !== false) checkAlgorithm(call.headers, planned);
  const received = await receive(call, state, planned?.algorithm ?? "CRC64NVME");
  // The upload may have ended during the transfer.
  const { parts } = uploadOf(call, state);
  const part: StoredPart = {
    number,
    content: [received.segment],
    size: received.segment.size,
    etag: etagOf(received.md5, headers),
    lastModified: state.now(),
    checksum: received.checksum,
  };
  parts.set(number, part);
  const { "x-amz-checksum-type": _, ...checksum } = checksumHeaders(part);
  return {
    status: 200,
    headers: { ETag: part.etag, ...encryptionHeaders(headers), ...(planned && checksum) },
  };
};

/** An upload has one algorithm. Each part of a composite checksum needs a checksum of its own. */
function checkAlgorithm(
  headers: Readonly<Record<string, string>>,
  planned: MultipartUpload["checksum"],
): void {
  const trailer = headers["x-amz-trailer"]?.toLowerCase();
  const named = [...Object.keys(headers), trailer ?? ""]
    .map((name) => /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(name)?.[1])
    .find((name) => name !== undefined);
  const expected = planned?.algorithm.toLowerCase();
  const isOptional = named === undefined && planned?.type !== "COMPOSITE";
  if (named === expected || isOptional) return;
  throw new S3Error(
    "InvalidRequest",
    `Checksum Type mismatch occurred, expected checksum Type: ${expected ?? "null"}, actual checksum Type: ${named ?? "null"}`,
  );
}
