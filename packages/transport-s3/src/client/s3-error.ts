import { ImageError } from "@drayage/core";
import type { ImageErrorCode, ImageErrorOptions } from "@drayage/core";

import { mappingOf } from "./s3-error-mapping.ts";
import type { S3Failure, S3RequestContext } from "./s3-failure.ts";

/** What an `S3Error` carries. */
export interface S3ErrorOptions extends ImageErrorOptions {
  /** The HTTP status; undefined where there was no answer. */
  readonly status?: number | undefined;
  /** In the store's own words: `NoSuchBucket`, `AccessDenied`, `SlowDown`. */
  readonly name: string;
}

/** A store answered, and not with what was asked for, or did not answer. */
export class S3Error extends ImageError {
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** In the store's own words: `NoSuchBucket`, `AccessDenied`, `SlowDown`. */
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

/** In words: what the store did not do, and what to do about it. */
export function s3Error(cause: unknown, context: S3RequestContext): S3Error {
  const failure = failureOf(cause);
  const { bucket, key } = context;
  const { code, why, retryable = code === "unavailable" } = mappingOf(failure, context);
  const what = `Could not ${verbOf(context.action)} s3://${bucket}/${key}`;
  const { name, status } = failure;
  return new S3Error(code, `${what}: ${why}`, {
    cause,
    name,
    status,
    retryable,
  });
}

/** Milliseconds for which the store asked to be left alone. */
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
  AbortMultipartUpload: "give up the upload of",
};

function verbOf(action: string): string {
  return verbs[action] ?? action;
}
