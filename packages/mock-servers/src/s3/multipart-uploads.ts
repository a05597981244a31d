import { randomBytes } from "node:crypto";

import { checksumTypes, findAlgorithm } from "./checksum.ts";
import type { Checksum } from "./checksum.ts";
import { encryptionHeaders, objectHeaders } from "./object-headers.ts";
import { S3Error } from "./s3-error.ts";
import { bucketOf } from "./s3-state.ts";
import type { Call, Handler, MultipartUpload, S3State } from "./s3-state.ts";
import { xmlAnswer } from "./xml.ts";

/** Creates a multipart upload. */
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

/** Parts that are still being uploaded then fail. */
export const abortUpload: Handler = (call, state) => {
  const { id } = uploadOf(call, state);
  bucketOf(call, state).uploads.delete(id);
  return { status: 204 };
};

/** @throws S3Error `NoSuchUpload` */
export function uploadOf(call: Call, state: S3State): MultipartUpload {
  const id = call.query.get("uploadId") ?? "";
  const upload = bucketOf(call, state).uploads.get(id);
  if (upload?.key === call.key) return upload;
  throw new S3Error(
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

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", message);
}
