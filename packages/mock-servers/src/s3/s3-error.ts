import type { Answer } from "@drayage/registry/http";

import { formatXml } from "./xml.ts";

/** The error codes of the mock S3 with their status (Amazon S3 API Reference, "Error Responses"). */
export const s3ErrorStatuses = {
  AccessControlListNotSupported: 400,
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyExists: 409,
  BucketAlreadyOwnedByYou: 409,
  ConditionalRequestConflict: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  ExpiredToken: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidChunkSizeError: 403,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartNumber: 416,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidStorageClass: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MaxMessageLengthExceeded: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PermanentRedirect: 301,
  PreconditionFailed: 412,
  RequestTimeout: 400,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;

/** An error code of S3. */
export type S3ErrorCode = keyof typeof s3ErrorStatuses;

export interface S3ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Additional elements of `Error`. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** An error response of the server. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly options: S3ErrorOptions;

  constructor(code: S3ErrorCode, message: string, options: S3ErrorOptions = {}) {
    super(message);
    this.code = code;
    this.options = options;
  }
}

/** `<Error><Code>…</Code><Message>…</Message>…<RequestId>…</RequestId></Error>`. */
export function answerOf({ code, message, options }: S3Error, requestId: string): Answer {
  return {
    status: s3ErrorStatuses[code],
    headers: { "Content-Type": "application/xml", ...options.headers },
    body: errorDocument({ code, message, options }, requestId),
  };
}

export function errorDocument(
  { code, message, options }: Pick<S3Error, "code" | "message" | "options">,
  requestId: string,
): string {
  const error = { Code: code, Message: message, ...options.details };
  return formatXml("Error", { ...error, RequestId: requestId, HostId: requestId });
}

/** The error for functionality that this store does not support. */
export function notImplemented(header: string): S3Error {
  return new S3Error(
    "NotImplemented",
    "A header you provided implies functionality that is not implemented",
    { details: { Header: header } },
  );
}
