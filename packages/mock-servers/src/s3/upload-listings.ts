import { pageOf, parsePageSize, written } from "./listing.ts";
import { uploadOf } from "./multipart-uploads.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Handler, MultipartUpload } from "./s3-state.ts";
import { xmlAnswer } from "./xml.ts";

/** Lists the uploaded parts by number. */
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

/** Lists the active uploads by key and start time. */
export const listUploads: Handler = (call, state) => {
  const { query } = call;
  const { name, uploads } = bucketOf(call, state);
  const size = parsePageSize(query, "max-uploads", state);
  const [keyMarker, idMarker] = [query.get("key-marker"), query.get("upload-id-marker")];
  if (idMarker !== null && keyMarker === null) {
    throw new S3Error("InvalidArgument", "upload-id-marker requires key-marker");
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

/** Sorts by key first. */
function markerOf({ key, id }: Pick<MultipartUpload, "key" | "id">): string {
  return `${key}\0${id}`;
}
