import { createHash } from "node:crypto";

import { checksumElement, checksumHeader, compositeChecksum, fullChecksum } from "./checksum.ts";
import type { Checksum } from "./checksum.ts";
import { writeCondition } from "./conditions.ts";
import { readContent, sizeOf } from "./content.ts";
import type { Content } from "./content.ts";
import { uploadOf } from "./multipart-uploads.ts";
import { encryptionHeaders } from "./object-headers.ts";
import { receiveDocument } from "./payload.ts";
import { S3Refusal } from "./refusal.ts";
import { bucketOf } from "./s3-state.ts";
import type {
  Call,
  CompletedUpload,
  Handler,
  MultipartUpload,
  S3State,
  StoredPart,
} from "./s3-state.ts";
import { findText, malformed } from "./xml-document.ts";
import type { XmlElement } from "./xml-document.ts";
import { xmlAnswer } from "./xml.ts";

const mebibyte = 1 << 20;

/** Makes one object of the parts that the document names, visible when the condition holds at that moment. */
export const completeUpload: Handler = async (call, state) => {
  const checkCondition = writeCondition(call, state);
  const document = await receiveDocument(call, state, "object");
  const before = findCompleted(call, document, state);
  if (before !== undefined) {
    checkCondition();
    return before.answer;
  }
  const asked = uploadOf(call, state);
  const parts = chosenParts(document, asked);
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

/** The same request came before, and its answer may not have arrived. */
function findCompleted(
  call: Call,
  document: XmlElement,
  state: S3State,
): CompletedUpload | undefined {
  const { completesAgain = true } = state.settings;
  const before = bucketOf(call, state).completed.get(call.query.get("uploadId") ?? "");
  const isSame = before?.key === call.key && before.document === JSON.stringify(document);
  return completesAgain && isSame ? before : undefined;
}

/** @throws S3Refusal `MalformedXML`, `InvalidPartOrder`, `InvalidPart`, `InvalidRequest` */
function chosenParts(document: XmlElement, upload: MultipartUpload): readonly StoredPart[] {
  const { name, children } = document;
  if (name !== "CompleteMultipartUpload" || children.length === 0) throw malformed();
  if (children.some((child) => child.name !== "Part")) throw malformed();
  const numbers = children.map((part) => Number(findText(part, "PartNumber")));
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] ?? 0))) {
    throw new S3Refusal(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
      { details: { UploadId: upload.id } },
    );
  }
  return children.map((part) => chosenPart(part, upload));
}

function chosenPart(asked: XmlElement, { id, parts, checksum }: MultipartUpload): StoredPart {
  const number = Number(findText(asked, "PartNumber"));
  const etag = findText(asked, "ETag");
  if (!Number.isInteger(number) || number < 1 || etag === undefined) throw malformed();
  const part = parts.get(number);
  const element = checksum && checksumElement(checksum.algorithm);
  const said = element && findText(asked, element);
  if (checksum?.type === "COMPOSITE" && said === undefined) {
    throw new S3Refusal(
      "InvalidRequest",
      `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  }
  const isSame = part !== undefined && part.etag.replaceAll('"', "") === etag.replaceAll('"', "");
  if (part !== undefined && isSame && (said === undefined || said === part.checksum?.value))
    return part;
  throw new S3Refusal(
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { details: { UploadId: id, PartNumber: number, ETag: etag } },
  );
}

function checkSizes(call: Call, parts: readonly StoredPart[], { settings }: S3State): void {
  const { minimumPartSize = 5 * mebibyte, equalParts = false } = settings;
  const short = parts.slice(0, -1).find(({ size }) => size < minimumPartSize);
  if (short !== undefined) {
    const { size, number, etag } = short;
    throw new S3Refusal(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed size",
      {
        details: {
          ProposedSize: size,
          MinSizeAllowed: minimumPartSize,
          PartNumber: number,
          ETag: etag.replaceAll('"', ""),
        },
      },
    );
  }
  const [first] = parts;
  const last = parts.at(-1);
  const isUneven = parts.slice(0, -1).some(({ size }) => size !== first?.size);
  if (equalParts && (isUneven || (last?.size ?? 0) > (first?.size ?? 0))) {
    throw new S3Refusal("InvalidPart", "All non-trailing parts must have the same length.");
  }
  const said = call.headers["x-amz-mp-object-size"];
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (said === undefined || said === `${size}`) return;
  throw new S3Refusal(
    "InvalidRequest",
    "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
    { details: { ExpectedSize: said, ActualSize: size } },
  );
}

/** Of the object, and as the request says it is where it says so. */
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
  const said = headers[checksumHeader(algorithm)];
  const saidType = headers["x-amz-checksum-type"];
  if (saidType !== undefined && saidType !== type) {
    throw new S3Refusal(
      "InvalidRequest",
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  if (said === undefined || said === checksum.value) return checksum;
  throw new S3Refusal(
    "BadDigest",
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

/** "When you use additional checksums, part numbers must be consecutive": else Amazon S3 answers 500. */
function checkConsecutive(
  parts: readonly StoredPart[],
  planned: MultipartUpload["checksum"],
): void {
  if (planned === undefined || parts.every(({ number }, at) => number === at + 1)) return;
  throw new S3Refusal("InternalError", "We encountered an internal error. Please try again.");
}

function md5Of(parts: readonly StoredPart[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(Buffer.from(etag.replaceAll('"', ""), "hex"));
  return md5.digest("hex");
}
