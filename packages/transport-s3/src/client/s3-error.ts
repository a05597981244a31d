import { ImageError } from "@drayage/core";
import type { ImageErrorCode, ImageErrorOptions } from "@drayage/core";

import { mappingOf } from "./s3-error-mapping.ts";
import type { S3Failure, S3RequestContext } from "./s3-failure.ts";

/** The fields of an `S3Error`. */
export interface S3ErrorOptions extends ImageErrorOptions {
  /** The HTTP status; undefined without a response. */
  readonly status?: number | undefined;
  /** The error code of S3: `NoSuchBucket`, `AccessDenied`, `SlowDown`. */
  readonly name: string;
}

/** An error response of a store, or a failed connection. */
export class S3Error extends ImageError {
  /** The HTTP status; undefined without a response. */
  readonly status: number | undefined;
  /** The error code of S3: `NoSuchBucket`, `AccessDenied`, `SlowDown`. */
  readonly s3Code: string;

  static {
    Object.defineProperty(S3Error.prototype, "name", { value: "S3Error", writable: true });
  }

  constructor(code: ImageErrorCode, message: string, options: S3ErrorOptions) {
    super(code, message, options);
    this.status = options.status;
    this.s3Code = options.name;
  }
}

/** Creates an error whose message names the operation, the cause and what to do next. */
export function s3Error(cause: unknown, context: S3RequestContext): S3Error {
  const failure = failureOf(cause);
  const { bucket, key } = context;
  const { code, reason, retryable = code === "unavailable" } = mappingOf(failure, context);
  const what = `Could not ${verbOf(context.action)} s3://${bucket}/${key}`;
  const { name, status } = failure;
  return new S3Error(code, `${what}: ${reason}`, {
    cause,
    name,
    status,
    retryable,
  });
}

/** Milliseconds from the `Retry-After` header. */
export function retryAfterOf(cause: unknown): number | undefined {
  const seconds = Number(failureOf(cause).headers["retry-after"]);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function failureOf(cause: unknown): S3Failure {
  const { name, Code, message, code, $metadata, $response } = Object(cause) as {
    readonly name?: string;
    readonly Code?: string;
    readonly message?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const headers = $response?.headers ?? {};
  const status = $metadata?.httpStatusCode;
  return {
    name: Code ?? name ?? "Unknown",
    message: message ?? String(cause),
    code,
    status,
    headers,
  };
}

const verbs: Readonly<Record<string, string>> = {
  GetObject: "read",
  PutObject: "write",
  DeleteObject: "delete",
  ListBucket: "list",
  AbortMultipartUpload: "abort the upload of",
};

function verbOf(action: string): string {
  return verbs[action] ?? action;
}
