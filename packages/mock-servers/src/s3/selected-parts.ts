import { checksumElement } from "./checksum.ts";
import { S3Error } from "./s3-error.ts";
import type { Call, MultipartUpload, S3State, StoredPart } from "./s3-state.ts";
import { findText, malformed } from "./xml-document.ts";
import type { XmlElement } from "./xml-document.ts";

const mebibyte = 1 << 20;

/**
 * The uploaded parts that a document lists. @throws S3Error `MalformedXML`, `InvalidPartOrder`, `InvalidPart`,
 * `InvalidRequest`
 */
export function selectedParts(
  document: XmlElement,
  upload: MultipartUpload,
): readonly StoredPart[] {
  const { name, children } = document;
  if (name !== "CompleteMultipartUpload" || children.length === 0) throw malformed();
  if (children.some((child) => child.name !== "Part")) throw malformed();
  const numbers = children.map((part) => Number(findText(part, "PartNumber")));
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] ?? 0))) {
    throw new S3Error(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
      { details: { UploadId: upload.id } },
    );
  }
  return children.map((part) => selectedPart(part, upload));
}

function selectedPart(asked: XmlElement, { id, parts, checksum }: MultipartUpload): StoredPart {
  const number = Number(findText(asked, "PartNumber"));
  const etag = findText(asked, "ETag");
  if (!Number.isInteger(number) || number < 1 || etag === undefined) throw malformed();
  const part = parts.get(number);
  const element = checksum && checksumElement(checksum.algorithm);
  const declared = element && findText(asked, element);
  if (checksum?.type === "COMPOSITE" && declared === undefined) {
    throw new S3Error(
      "InvalidRequest",
      `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  }
  const isSame = part !== undefined && part.etag.replaceAll('"', "") === etag.replaceAll('"', "");
  if (part !== undefined && isSame && (declared === undefined || declared === part.checksum?.value))
    return part;
  throw new S3Error(
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { details: { UploadId: id, PartNumber: number, ETag: etag } },
  );
}

/** @throws S3Error `EntityTooSmall`, `InvalidPart`, `InvalidRequest` */
export function checkSizes(call: Call, parts: readonly StoredPart[], { settings }: S3State): void {
  const { minPartSize = 5 * mebibyte, equalParts = false } = settings;
  const short = parts.slice(0, -1).find(({ size }) => size < minPartSize);
  if (short !== undefined) {
    const { size, number, etag } = short;
    throw new S3Error(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed size",
      {
        details: {
          ProposedSize: size,
          MinSizeAllowed: minPartSize,
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
    throw new S3Error("InvalidPart", "All non-trailing parts must have the same length.");
  }
  const declared = call.headers["x-amz-mp-object-size"];
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (declared === undefined || declared === `${size}`) return;
  throw new S3Error(
    "InvalidRequest",
    "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
    { details: { ExpectedSize: declared, ActualSize: size } },
  );
}
