import { createHash } from "node:crypto";

import { checksumElement, findAlgorithm, fullChecksum } from "./checksum.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksum.ts";
import { writeCondition } from "./conditions.ts";
import { readContent, sizeOf } from "./content.ts";
import type { Content } from "./content.ts";
import { checkCopies, checkCopySize, copiedRange, sourceOf } from "./copy-source.ts";
import type { CopySource } from "./copy-source.ts";
import { uploadOf } from "./multipart-uploads.ts";
import { encryptionHeaders, etagOf, objectHeaders } from "./object-headers.ts";
import { parsePartNumber } from "./object-range.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, Handler, S3State, StoredObject } from "./s3-state.ts";
import { xmlAnswer } from "./xml.ts";

/** Copies an object on the server. An object can be copied to itself if its metadata changes. */
export const copyObject: Handler = async (call, state) => {
  checkCopies(state);
  const { objects } = bucketOf(call, state);
  const checkCondition = writeCondition(call, state);
  const source = sourceOf(call, state);
  checkCopySize(source.object.size, state);
  const directive = directiveOf(call);
  if (directive === "COPY" && isItself(call, source)) {
    throw invalid(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const { content, size, headers: before } = source.object;
  const headers = directive === "COPY" ? copiedHeaders(call, before) : objectHeaders(call);
  const etag = etagOf(await md5Of(content), headers);
  const checksum = await copiedChecksum(call, source.object, state);
  checkCondition();
  const lastModified = state.now();
  const object = { key: call.key, content, size, etag, lastModified, headers, checksum };
  objects.set(call.key, { ...object, parts: undefined });
  const answer = xmlAnswer("CopyObjectResult", {
    LastModified: lastModified.toISOString(),
    ETag: etag,
    ...(checksum && {
      [checksumElement(checksum.algorithm)]: checksum.value,
      ChecksumType: checksum.type,
    }),
  });
  return { ...answer, headers: { ...answer.headers, ...encryptionHeaders(headers) } };
};

/** Copies an object or a range of it to a part. */
export const uploadPartCopy: Handler = async (call, state) => {
  checkCopies(state);
  const { checksum: planned, headers } = uploadOf(call, state);
  const number = parsePartNumber(call.query.get("partNumber"), state.settings.maxParts);
  const { object } = sourceOf(call, state);
  const content = copiedRange(call, object, state);
  const size = sizeOf(content);
  checkCopySize(size, state);
  const etag = etagOf(await md5Of(content), headers);
  const { checksums = true } = state.settings;
  const algorithm = planned?.algorithm ?? "CRC64NVME";
  const checksum = checksums ? await fullChecksum(algorithm, readContent(content)) : undefined;
  const lastModified = state.now();
  uploadOf(call, state).parts.set(number, { number, content, size, etag, lastModified, checksum });
  return xmlAnswer("CopyPartResult", {
    LastModified: lastModified.toISOString(),
    ETag: etag,
    ...(planned && checksum && { [checksumElement(algorithm)]: checksum.value }),
  });
};

function directiveOf({ headers }: Call): "COPY" | "REPLACE" {
  const directive = headers["x-amz-metadata-directive"] ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive;
  throw new S3Error("InvalidArgument", "Unknown metadata directive.", {
    details: { ArgumentName: "x-amz-metadata-directive", ArgumentValue: directive },
  });
}

/** Whether the request changes nothing. */
function isItself({ bucket, key, headers }: Call, source: CopySource): boolean {
  const changing = [
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "x-amz-server-side-encryption",
  ];
  const isSame = source.bucket === bucket && source.object.key === key;
  return isSame && !changing.some((name) => name in headers);
}

/** Storage class and encryption come from the request, other headers from the source. */
function copiedHeaders(
  call: Call,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { "content-type": _, ...given } = objectHeaders({
    ...call,
    headers: Object.fromEntries(
      Object.entries(call.headers).filter(([name]) => /^x-amz-s(?:torage|erver)/.test(name)),
    ),
  });
  const rest = Object.entries(before).filter(([name]) => !/^x-amz-s(?:torage|erver)/.test(name));
  return { ...Object.fromEntries(rest), ...given };
}

/** Recomputed over all bytes, even if the source has a composite checksum. */
async function copiedChecksum(
  { headers }: Call,
  { content, checksum }: StoredObject,
  { settings: { checksums = true } }: S3State,
): Promise<Checksum | undefined> {
  if (!checksums) return undefined;
  const named = headers["x-amz-checksum-algorithm"];
  const algorithm: ChecksumAlgorithm | undefined =
    named === undefined ? (checksum?.algorithm ?? "CRC64NVME") : findAlgorithm(named.toUpperCase());
  if (algorithm === undefined) throw invalid("Checksum algorithm provided is unsupported.");
  return fullChecksum(algorithm, readContent(content));
}

async function md5Of(content: Content): Promise<string> {
  const md5 = createHash("md5");
  for await (const chunk of readContent(content)) md5.update(chunk);
  return md5.digest("hex");
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", message);
}
