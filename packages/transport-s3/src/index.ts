export { presign } from "./presign.ts";
export type { PresignedPart, PresignOptions } from "./presign.ts";
export { S3Error } from "./client/s3-error.ts";
export type { S3ErrorOptions } from "./client/s3-error.ts";
export { isS3Reference } from "./s3-reference.ts";
export type { S3Reference, S3Transport } from "./s3-reference.ts";
export type { S3Credentials, S3Encryption, S3Settings } from "./s3-settings.ts";
export { s3 } from "./s3-transport.ts";
