import { createHash } from "node:crypto";

import { checksumHeader } from "./checksum.ts";
import { S3Error } from "./s3-error.ts";
import type { Call, StoredObject } from "./s3-state.ts";

const kept = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
] as const;

const encryption = [
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-bucket-key-enabled",
  "x-amz-server-side-encryption-context",
] as const;

const storageClasses = [
  "DEEP_ARCHIVE",
  "GLACIER",
  "GLACIER_IR",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "REDUCED_REDUNDANCY",
  "STANDARD",
  "STANDARD_IA",
];

const metadataLimit = 2048;

/** The object headers of a request. @throws S3Error `MetadataTooLarge`, `InvalidStorageClass`, … */
export function objectHeaders({ headers }: Call): Readonly<Record<string, string>> {
  const given = Object.entries(headers).filter(
    ([name]) =>
      name.startsWith("x-amz-meta-") || [...kept, ...encryption].some((one) => one === name),
  );
  const all = { "content-type": "binary/octet-stream", ...Object.fromEntries(given) };
  checkMetadata(all);
  checkStorageClass(all);
  checkEncryption(all);
  const {
    "content-encoding": encoding,
    "x-amz-storage-class": storage,
    ...rest
  } = all as Record<string, string>;
  const stored = withoutChunks(encoding);
  return {
    ...rest,
    "x-amz-server-side-encryption": rest["x-amz-server-side-encryption"] ?? "AES256",
    ...(stored !== "" && { "content-encoding": stored }),
    ...(storage !== undefined && storage !== "STANDARD" && { "x-amz-storage-class": storage }),
  };
}

export function encryptionHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const given = Object.entries(headers).filter(([name]) => encryption.some((one) => one === name));
  return Object.fromEntries(given);
}

/** The MD5 in quotation marks, or another value for KMS encryption, as in Amazon S3. */
export function etagOf(md5: string, headers: Readonly<Record<string, string>>): string {
  const isKms = headers["x-amz-server-side-encryption"]?.startsWith("aws:kms");
  return `"${isKms ? createHash("md5").update(`encrypted ${md5}`).digest("hex") : md5}"`;
}

/** `x-amz-checksum-sha256` and its type; empty without a checksum. */
export function checksumHeaders({
  checksum,
}: Pick<StoredObject, "checksum">): Readonly<Record<string, string>> {
  if (checksum === undefined) return {};
  const { algorithm, type, value } = checksum;
  return { [checksumHeader(algorithm)]: value, "x-amz-checksum-type": type };
}

/** The transfer encoding is not stored with the object. */
function withoutChunks(encoding = ""): string {
  const codings = encoding.split(",").map((coding) => coding.trim());
  return codings.filter((coding) => coding !== "aws-chunked").join(",");
}

function checkMetadata(headers: Readonly<Record<string, string>>): void {
  const size = Object.entries(headers)
    .filter(([name]) => name.startsWith("x-amz-meta-"))
    .reduce((sum, [name, value]) => sum + name.length - "x-amz-meta-".length + value.length, 0);
  if (size <= metadataLimit) return;
  throw new S3Error(
    "MetadataTooLarge",
    "Your metadata headers exceed the maximum allowed metadata size",
    { details: { Size: size, MaxSizeAllowed: metadataLimit } },
  );
}

function checkStorageClass(headers: Readonly<Record<string, string>>): void {
  const storage = headers["x-amz-storage-class"];
  if (storage === undefined || storageClasses.includes(storage)) return;
  throw new S3Error("InvalidStorageClass", "The storage class you specified is not valid", {
    details: { StorageClassRequested: storage },
  });
}

function checkEncryption(headers: Readonly<Record<string, string>>): void {
  const how = headers["x-amz-server-side-encryption"];
  const key = headers["x-amz-server-side-encryption-aws-kms-key-id"];
  const isKms = how === "aws:kms" || how === "aws:kms:dsse";
  if (how !== undefined && how !== "AES256" && !isKms) {
    throw invalid("The encryption method specified is not supported", how);
  }
  if (key === undefined || isKms) return;
  throw invalid(
    "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
    key,
  );
}

function invalid(message: string, value: string): S3Error {
  const details = { ArgumentName: "x-amz-server-side-encryption", ArgumentValue: value };
  return new S3Error("InvalidArgument", message, { details });
}
