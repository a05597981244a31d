import { jsonAnswer } from "./exchange.ts";
import type { Answer } from "./exchange.ts";

/** OCI distribution-spec, "Error Codes", with their default status codes. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 400,
} as const;

/** The error codes of a registry. */
export type ErrorCode = keyof typeof statuses;

export interface ErrorResponseOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly detail?: unknown;
}

/** An error response of the registry. The message explains the specification to the client's author. */
export class ErrorResponse extends Error {
  readonly code: ErrorCode;
  readonly options: ErrorResponseOptions;

  constructor(code: ErrorCode, message: string, options: ErrorResponseOptions = {}) {
    super(message);
    this.code = code;
    this.options = options;
  }
}

/** `{"errors":[{code,message,detail}]}`. */
export function answerOf({ code, message, options }: ErrorResponse): Answer {
  const { status = statuses[code], headers, detail } = options;
  return jsonAnswer({ errors: [{ code, message, detail }] }, headers, status);
}
