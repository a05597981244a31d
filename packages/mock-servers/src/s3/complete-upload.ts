import { createHash } from "node:crypto";

import { checksumElement, checksumHeader, compositeChecksum, fullChecksum } from "./checksum.ts";
import type { Checksum } from "./checksum.ts";
import { writeCondition } from "./conditions.ts";
import { readContent, sizeOf } from "./content.ts";
import type { Content } from "./content.ts";
import { uploadOf } from "./multipart-uploads.ts";
import { encryptionHeaders } from "./object-headers.ts";
import { receiveDocument } from "./payload.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type {
  Call,
  CompletedUpload,
  Handler,
  MultipartUpload,
  S3State,
  StoredPart,
} from "./s3-state.ts";
import { checkSizes, selectedParts } from "./selected-parts.ts";
import type { XmlElement } from "./xml-document.ts";
import { xmlAnswer } from "./xml.ts";

/** Joins the listed parts to one object. Checks the condition at the moment it becomes visible. */
export const completeUpload: Handler = async (call, state) => {
  const checkCondition = writeCondition(call, state);
  const document = await receiveDocument(call, state, "object");
  const before = findCompleted(call, document, state);
  if (before !== undefined) {
    checkCondition();
    return before.answer;
  }
  const asked = uploadOf(call, state);
  const parts = selectedParts(document, asked);
  checkSizes(call, parts, state);
  const content = parts.flatMap((part) => part.content);
  const checksum = await checksumOf(call, parts, content, asked, state);
  const upload = uploadOf(call, state);
  checkCondition();
  const bucket = bucketOf(call, state);
  const { key, headers, id } = upload;
  const etag = `"${md5Of(parts)}-${parts.length}"`;
  const size = sizeOf(content);
  const lastModified = state.now();
  bucket.objects.set(key, { key, content, size, etag, lastModified, headers, checksum, parts });
  bucket.uploads.delete(id);
  const answer = xmlAnswer("CompleteMultipartUploadResult", {
    Location: `/${bucket.name}/${key}`,
    Bucket: bucket.name,
    Key: key,
    ETag: etag,
    ...(checksum && {
      [checksumElement(checksum.algorithm)]: checksum.value,
      ChecksumType: checksum.type,
    }),
  });
  const whole = { ...answer, headers: { ...answer.headers, ...encryptionHeaders(headers) } };
  bucket.completed.set(id, { key, document: JSON.stringify(document), answer: whole });
  return whole;
};

/** The client may repeat a request if it did not receive the response. */
function findCompleted(
  call: Call,
  document: XmlElement,
  state: S3State,
): CompletedUpload | undefined {
  const { repeatableCompletion = true } = state.settings;
  const before = bucketOf(call, state).completed.get(call.query.get("uploadId") ?? "");
  const isSame = before?.key === call.key && before.document === JSON.stringify(document);
  return repeatableCompletion && isSame ? before : undefined;
}

/** The checksum of the object, verified against the one in the request. */
async function checksumOf(
  { headers }: Call,
  parts: readonly StoredPart[],
  content: Content,
  { checksum: planned }: MultipartUpload,
  { settings: { checksums = true } }: S3State,
): Promise<Checksum | undefined> {
  if (!checksums) return undefined;
  const { algorithm, type } = planned ?? { algorithm: "CRC64NVME", type: "FULL_OBJECT" };
  checkConsecutive(parts, planned);
  const values = parts.map((part) => part.checksum?.value ?? "");
  const checksum =
    type === "COMPOSITE"
      ? compositeChecksum(algorithm, values)
      : await fullChecksum(algorithm, readContent(content));
  const declared = headers[checksumHeader(algorithm)];
  const declaredType = headers["x-amz-checksum-type"];
  if (declaredType !== undefined && declaredType !== type) {
    throw new S3Error(
      "InvalidRequest",
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  if (declared === undefined || declared === checksum.value) return checksum;
  throw new S3Error(
    "BadDigest",
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

/** "When you use additional checksums, part numbers must be consecutive": otherwise Amazon S3 returns 500. */
function checkConsecutive(
  parts: readonly StoredPart[],
  planned: MultipartUpload["checksum"],
): void {
  if (planned === undefined || parts.every(({ number }, at) => number === at + 1)) return;
  throw new S3Error("InternalError", "We encountered an internal error. Please try again.");
}

function md5Of(parts: readonly StoredPart[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag.replaceAll('"', ""), "hex"));
  return md5.digest("hex");
}
