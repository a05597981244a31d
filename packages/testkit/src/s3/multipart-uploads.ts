import { randomBytes } from "node:crypto";

import { checksumTypes, findAlgorithm } from "./checksum.ts";
import type { Checksum } from "./checksum.ts";
import { pageOf, parsePageSize, written } from "./listing.ts";
import { encryptionHeaders, objectHeaders } from "./object-headers.ts";
import { S3Refusal } from "./refusal.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, Handler, MultipartUpload, S3State } from "./s3-state.ts";
import { xmlAnswer } from "./xml.ts";

/** Begins an object whose parts come one by one. */
export const createUpload: Handler = (call, state) => {
  const { uploads } = bucketOf(call, state);
  const checksum = plannedChecksum(call, state);
  const id = randomBytes(24).toString("base64url");
  const upload: MultipartUpload = {
    id,
    key: call.key,
    initiated: state.now(),
    headers: objectHeaders(call),
    checksum,
    parts: new Map(),
  };
  uploads.set(id, upload);
  const { bucket, key } = call;
  const answer = xmlAnswer("InitiateMultipartUploadResult", {
    Bucket: bucket,
    Key: key,
    UploadId: id,
  });
  const planned = checksum && {
    "x-amz-checksum-algorithm": checksum.algorithm,
    "x-amz-checksum-type": checksum.type,
  };
  return {
    ...answer,
    headers: { ...answer.headers, ...encryptionHeaders(upload.headers), ...planned },
  };
};

/** Parts that are on their way find nothing any more. */
export const abortUpload: Handler = (call, state) => {
  const { id } = uploadOf(call, state);
  bucketOf(call, state).uploads.delete(id);
  return { status: 204 };
};

/** The parts that are there, by number. */
export const listParts: Handler = (call, state) => {
  const { bucket, key, query } = call;
  const { id, parts, checksum, headers } = uploadOf(call, state);
  const size = parsePageSize(query, "max-parts", state);
  const after = Number(query.get("part-number-marker") ?? 0);
  const rest = [...parts.values()]
    .filter(({ number }) => number > after)
    .toSorted((a, b) => a.number - b.number);
  const page = rest.slice(0, size);
  return xmlAnswer("ListPartsResult", {
    Bucket: bucket,
    Key: key,
    UploadId: id,
    StorageClass: headers["x-amz-storage-class"] ?? "STANDARD",
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: size,
    IsTruncated: page.length < rest.length,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: part.lastModified.toISOString(),
      ETag: part.etag,
      Size: part.size,
      ...(checksum && part.checksum && { [`Checksum${checksum.algorithm}`]: part.checksum.value }),
    })),
  });
};

/** The uploads that nobody ended, by key and the time of their beginning. */
export const listUploads: Handler = (call, state) => {
  const { query } = call;
  const { name, uploads } = bucketOf(call, state);
  const size = parsePageSize(query, "max-uploads", state);
  const [keyMarker, idMarker] = [query.get("key-marker"), query.get("upload-id-marker")];
  if (idMarker !== null && keyMarker === null) {
    throw new S3Refusal("InvalidArgument", "upload-id-marker needs a key-marker");
  }
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const marker = markerOf({ key: keyMarker ?? "", id: idMarker ?? "\u{10FFFF}" });
  const after = keyMarker === null ? "" : marker;
  const page = pageOf([...uploads.values()], markerOf, { prefix, delimiter, after, size });
  const [nextKey, nextId] = page.next?.split("\0") ?? [];
  const write = written(query);
  return xmlAnswer("ListMultipartUploadsResult", {
    Bucket: name,
    KeyMarker: write(keyMarker ?? ""),
    UploadIdMarker: idMarker ?? "",
    NextKeyMarker: nextKey === undefined ? undefined : write(nextKey),
    NextUploadIdMarker: nextId,
    Delimiter: delimiter === "" ? undefined : write(delimiter),
    Prefix: write(prefix),
    EncodingType: query.get("encoding-type") ?? undefined,
    MaxUploads: size,
    IsTruncated: page.next !== undefined,
    Upload: page.entries.map(({ key, id, initiated, headers, checksum }) => ({
      Key: write(key),
      UploadId: id,
      StorageClass: headers["x-amz-storage-class"] ?? "STANDARD",
      Initiated: initiated.toISOString(),
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
    })),
    CommonPrefixes: page.prefixes.map((one) => ({ Prefix: write(one) })),
  });
};

/** @throws S3Refusal `NoSuchUpload` */
export function uploadOf(call: Call, state: S3State): MultipartUpload {
  const id = call.query.get("uploadId") ?? "";
  const upload = bucketOf(call, state).uploads.get(id);
  if (upload?.key === call.key) return upload;
  throw new S3Refusal(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { details: { UploadId: id } },
  );
}

function plannedChecksum(
  { headers }: Call,
  { settings: { checksums = true } }: S3State,
): Pick<Checksum, "algorithm" | "type"> | undefined {
  const [named, type] = [headers["x-amz-checksum-algorithm"], headers["x-amz-checksum-type"]];
  if (!checksums) return undefined;
  if (named === undefined) {
    if (type === undefined) return undefined;
    throw invalid(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const algorithm = findAlgorithm(named.toUpperCase());
  if (algorithm === undefined) {
    throw invalid(
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    );
  }
  const possible = checksumTypes[algorithm];
  const chosen = type === undefined ? possible[0] : possible.find((one) => one === type);
  if (chosen !== undefined) return { algorithm, type: chosen };
  throw invalid(
    `The ${type} checksum type cannot be used with the ${named.toLowerCase()} checksum algorithm.`,
  );
}

/** Sorts by key first. */
function markerOf({ key, id }: Pick<MultipartUpload, "key" | "id">): string {
  return `${key}\0${id}`;
}

function invalid(message: string): S3Refusal {
  return new S3Refusal("InvalidRequest", message);
}
