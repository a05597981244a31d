import { pageOf, parsePageSize, written } from "./listing.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Handler, StoredObject } from "./s3-state.ts";
import { xmlAnswer } from "./xml.ts";
import type { XmlElements } from "./xml.ts";

/** Lists keys in UTF-8 order, in pages. Keys with a common prefix up to the delimiter form one entry. */
export const listObjects: Handler = (call, state) => {
  const { query } = call;
  const { objects, name } = bucketOf(call, state);
  const [prefix, delimiter] = [query.get("prefix") ?? "", query.get("delimiter") ?? ""];
  const size = parsePageSize(query, "max-keys", state);
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : parseToken(token);
  const page = pageOf([...objects.values()], ({ key }) => key, { prefix, delimiter, after, size });
  const write = written(query);
  return xmlAnswer("ListBucketResult", {
    Name: name,
    Prefix: write(prefix),
    Delimiter: delimiter === "" ? undefined : write(delimiter),
    StartAfter: query.has("start-after") ? write(query.get("start-after") ?? "") : undefined,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.next === undefined ? undefined : formatToken(page.next),
    KeyCount: page.entries.length + page.prefixes.length,
    MaxKeys: size,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: page.next !== undefined,
    Contents: page.entries.map((object) => entryOf(object, write)),
    CommonPrefixes: page.prefixes.map((one) => ({ Prefix: write(one) })),
  });
};

function entryOf(
  { key, lastModified, etag, size, headers, checksum }: StoredObject,
  write: (text: string) => string,
): XmlElements {
  return {
    Key: write(key),
    LastModified: lastModified.toISOString(),
    ETag: etag,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: size,
    StorageClass: headers["x-amz-storage-class"] ?? "STANDARD",
  };
}

function formatToken(last: string): string {
  return Buffer.from(`after:${last}`).toString("base64");
}

function parseToken(token: string): string {
  const [, last] = /^after:(.*)$/s.exec(Buffer.from(token, "base64").toString()) ?? [];
  if (last !== undefined) return last;
  throw new S3Error("InvalidArgument", "The continuation token provided is incorrect", {
    details: { ArgumentName: "continuation-token" },
  });
}
