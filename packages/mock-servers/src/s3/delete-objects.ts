import { checksumAlgorithms, checksumHeader } from "./checksum.ts";
import { checkDeletion } from "./conditions.ts";
import { receiveDocument } from "./payload.ts";
import { checkPermission } from "./permissions.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf, removeObject } from "./s3-state.ts";
import type { Call, Handler, S3State } from "./s3-state.ts";
import { findText, malformed } from "./xml-document.ts";
import type { XmlElement } from "./xml-document.ts";
import { xmlAnswer } from "./xml.ts";
import type { XmlElements } from "./xml.ts";

const maxKeys = 1000;

/** Succeeds for missing objects. */
export const deleteObject: Handler = (call, state) => {
  const bucket = bucketOf(call, state);
  checkDeletion(call, call.key, call.headers["if-match"], state);
  removeObject(bucket, call.key);
  return { status: 204 };
};

/** Deletes up to 1,000 objects, each with its own result. */
export const deleteObjects: Handler = async (call, state) => {
  checkIntegrity(call);
  const { name, children } = await receiveDocument(call, state);
  const isQuiet = children.some((child) => child.name === "Quiet" && child.text === "true");
  const wanted = children.filter((child) => child.name === "Object");
  if (name !== "Delete" || wanted.length === 0 || wanted.length > maxKeys) throw malformed();
  const results = wanted.map((one) => deletion(one, call, state));
  const errors = results.filter((one) => one["Code"] !== undefined);
  const deleted = isQuiet ? [] : results.filter((one) => one["Code"] === undefined);
  return xmlAnswer("DeleteResult", { Deleted: deleted, Error: errors });
};

function deletion(wanted: XmlElement, call: Call, state: S3State): XmlElements {
  const key = findText(wanted, "Key");
  if (key === undefined || key === "") throw malformed();
  const bucket = bucketOf(call, state);
  try {
    checkPermission(call, { action: "s3:DeleteObject", bucket: bucket.name, key }, state);
    checkDeletion(call, key, findText(wanted, "ETag"), state);
  } catch (error) {
    if (error instanceof S3Error) return { Key: key, Code: error.code, Message: error.message };
    throw error;
  }
  removeObject(bucket, key);
  return { Key: key };
}

function checkIntegrity({ headers }: Call): void {
  const checksums = checksumAlgorithms.map(checksumHeader);
  const isChecked = ["content-md5", "x-amz-trailer", ...checksums].some((name) => name in headers);
  if (isChecked) return;
  throw new S3Error(
    "InvalidRequest",
    "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
  );
}
