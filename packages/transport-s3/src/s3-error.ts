import { ImageError } from "@drayage/core";
import type { ImageErrorCode, ImageErrorOptions } from "@drayage/core";

import { connectionProblemOf } from "./connection-problem.ts";

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

/** What was asked, for messages. */
export interface S3Question {
  /** The right that it takes, as IAM names it, without `s3:`. */
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  /** The host that was asked, where it is known. */
  readonly host: string | undefined;
}

/** What the SDK throws, as far as it tells something. */
interface S3Failure {
  readonly name: string;
  readonly message: string;
  /** Of Node, for connections. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface Meaning {
  readonly code: ImageErrorCode;
  readonly why: string;
  readonly retryable?: boolean;
}

/** In words: what the store did not do, and what to do about it. */
export function s3Error(cause: unknown, question: S3Question): S3Error {
  const failure = failureOf(cause);
  const { bucket, key, host = "S3" } = question;
  const { code, why, retryable = code === "unavailable" } = meaningOf(failure, question);
  const what = `Could not ${verbOf(question.action)} s3://${bucket}/${key}`;
  const { name, status } = failure;
  return new S3Error(code, `${what}: ${why.replace("HOST", host)}`, {
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

const expired = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);
const unknownKeys = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"]);
const busy = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "ServiceUnavailable",
]);
const passing = new Set([408, 429, 500, 502, 503, 504]);
const wrongRegions = new Set([
  "PermanentRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

function meaningOf(failure: S3Failure, question: S3Question): Meaning {
  const { name, status, headers, message } = failure;
  const { bucket, action } = question;
  const region = headers["x-amz-bucket-region"];
  if (name === "NoSuchBucket")
    return {
      code: "not-found",
      why: `HOST has no bucket ${bucket}; make it first, or check its name and the endpoint`,
    };
  if (wrongRegions.has(name) || status === 301)
    return {
      code: "unavailable",
      retryable: false,
      why: `the bucket is in another region${region ? `: set the region ${region}` : ` (${saidBy(failure)})`}`,
    };
  if (name === "CredentialsProviderError")
    return {
      code: "denied",
      why: "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has some",
    };
  if (expired.has(name))
    return { code: "denied", why: "the credentials have expired; get new ones" };
  if (unknownKeys.has(name))
    return {
      code: "denied",
      why: `HOST does not know these credentials (${name}); check the access key and its secret`,
    };
  if (name === "RequestTimeTooSkewed")
    return {
      code: "denied",
      retryable: true,
      why: `the clock of this machine${offsetOf(headers)} is wrong; set it`,
    };
  if (status === 401 || status === 403 || name === "AccessDenied")
    return {
      code: "denied",
      why: `the credentials do not allow s3:${action} there${headsUp(question)}`,
    };
  if (status === 404) return { code: "not-found", why: `there is no such object (${name})` };
  if (busy.has(name))
    return {
      code: "unavailable",
      why: `HOST is busy (${name}); try again later, or with fewer at once`,
    };
  if (
    name === "RequestTimeout" ||
    name === "OperationAborted" ||
    (status !== undefined && passing.has(status))
  )
    return { code: "unavailable", why: `HOST answered ${saidBy(failure)}; try again later` };
  if (name === "BadDigest" || name === "XAmzContentSHA256Mismatch" || name === "InvalidDigest")
    return { code: "unavailable", why: `HOST received other bytes than were sent (${name})` };
  if (status !== undefined) return { code: "unsupported", why: `HOST answered ${saidBy(failure)}` };
  return connectionProblemOf(failure) ?? { code: "unavailable", retryable: false, why: message };
}

function saidBy({ name, status, message }: S3Failure): string {
  const words = message === "UnknownError" || message === "" ? "" : `: ${message}`;
  return oneLine(`${status ?? ""} ${name}${words}`);
}

/** AWS says 403 instead of 404 to whoever may not list a bucket. */
function headsUp({ action, bucket }: S3Question): string {
  return action === "GetObject"
    ? `, or there is no such object: that only those are told who may s3:ListBucket ${bucket}`
    : "";
}

function offsetOf({ date }: S3Failure["headers"]): string {
  const minutes = Math.round((Date.now() - Date.parse(date ?? "")) / 60_000);
  return Number.isNaN(minutes)
    ? ""
    : `, ${Math.abs(minutes)} minutes ${minutes > 0 ? "fast" : "slow"},`;
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

/** A stranger's words for a message: on one line, not too long, and without an escape sequence for a terminal. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
