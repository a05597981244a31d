import { ImageError } from "@drayage/core";
import type { ImageErrorCode, ImageErrorOptions } from "@drayage/core";
import { jsonObjectOf, oneLine } from "@drayage/transport-kit/wire";

import { parseChallenges } from "./challenge.ts";
import { headerOf, readTextStart } from "./http-exchange.ts";
import type { Access, HTTPResponse } from "./http-exchange.ts";
import { retryAfterOf } from "./retry-after.ts";

/** An error in the response of a registry (OCI distribution-spec, "Error codes"). */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string | undefined;
  readonly detail: unknown;
}

/** Fields of a `RegistryError`. */
export interface RegistryErrorOptions extends ImageErrorOptions {
  /** The HTTP status. */
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];
  /** In seconds. */
  readonly retryAfter: number | undefined;
}

/** An error response of a registry or its token server. */
export class RegistryError extends ImageError {
  /** The HTTP status. */
  readonly status: number;
  /** Empty if the response has none. */
  readonly errors: readonly RegistryErrorDetail[];
  /** The delay that the registry requested, in seconds. */
  readonly retryAfter: number | undefined;

  static {
    Object.defineProperty(RegistryError.prototype, "name", {
      value: "RegistryError",
      writable: true,
    });
  }

  constructor(code: ImageErrorCode, message: string, options: RegistryErrorOptions) {
    super(code, message, options);
    this.status = options.status;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
  }
}

/** A parsed error response. */
export interface ErrorResponse {
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];
  /** The message of the registry, or a description of another body. */
  readonly message: string;
  readonly host: string;
  /** In seconds. */
  readonly retryAfter: number | undefined;
  /** Whether the credentials or the token are valid but insufficient. */
  readonly hasInsufficientScope: boolean;
  /** How the request was authorized; undefined for a response of another host. */
  readonly access: Access | undefined;
  /** The error of the last attempt, if retries are exhausted. */
  readonly failure: Error | undefined;
  /** The requested image. */
  readonly reference: string | undefined;
  /** As in `HTTPResponse`. */
  readonly mayHaveSucceeded: boolean;
}

/** Reads and parses an error response. */
export async function readErrorResponse(response: HTTPResponse): Promise<ErrorResponse> {
  return errorResponseOf(response, await readTextStart(response).catch(() => ""));
}

/** Parses an error response with a body that has been read. */
export function errorResponseOf(response: HTTPResponse, text: string): ErrorResponse {
  const { status, url, failure, reference } = response;
  const errors = errorsIn(text);
  const retryAfter = retryAfterOf(response);
  return {
    status,
    errors,
    message: messageOf(response, errors, text),
    host: url.host,
    retryAfter: retryAfter === undefined ? undefined : retryAfter / 1000,
    hasInsufficientScope: hasInsufficientScope(response),
    access: response.access,
    failure,
    reference,
    mayHaveSucceeded: response.mayHaveSucceeded === true,
  };
}

/** Creates the error. `operation` completes "Could not …". */
export function registryError(
  errorResponse: ErrorResponse,
  operation: string,
  code: ImageErrorCode = codeOf(errorResponse),
  advice: string | undefined = adviceOf(errorResponse, code),
): RegistryError {
  const { status, errors, message: text, host, retryAfter, failure, reference } = errorResponse;
  const message = `Could not ${operation}: ${host} returned ${status}${text && ` ${text}`}`;
  return new RegistryError(code, message + (advice ? `; ${advice}` : ""), {
    status,
    errors,
    retryAfter,
    reference,
    retryable: code === "unavailable" && status >= 400,
    ...(failure !== undefined && { cause: failure }),
  });
}

/** Whether one of the errors has one of the codes. */
export function hasCode(
  { errors }: Pick<ErrorResponse, "errors">,
  ...codes: readonly string[]
): boolean {
  return errors.some(({ code }) => codes.includes(code));
}

const temporaryStatuses = new Set([408, 425, 429]);

const absenceCodes = ["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"];

function codeOf(errorResponse: ErrorResponse): ImageErrorCode {
  const { status } = errorResponse;
  if (hasCode(errorResponse, "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID") || status === 416) {
    return "unavailable";
  }
  if (hasCode(errorResponse, "DIGEST_INVALID", "SIZE_INVALID")) return "digest-mismatch";
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || hasCode(errorResponse, ...absenceCodes)) return "not-found";
  if (status === 501) return "unsupported";
  const isPermanent = status >= 400 && status < 500 && !temporaryStatuses.has(status);
  return isPermanent ? "unsupported" : "unavailable";
}

function adviceOf(errorResponse: ErrorResponse, code: ImageErrorCode): string | undefined {
  const { status, retryAfter } = errorResponse;
  if (status === 401 || status === 403) return accessAdvice(errorResponse);
  if (retryAfter !== undefined && retryAfter > 0 && code === "unavailable") {
    return `try again in ${durationOf(retryAfter)}`;
  }
  if (status === 413)
    return "the request is too large for it or for a proxy in front of it; reduce the chunk size";
  if (status === 429) return rateLimitAdvice(errorResponse);
  return code === "unavailable" && status >= 500 ? "try again later" : undefined;
}

/** The advice differs for missing, invalid and insufficient credentials. */
function accessAdvice({
  status,
  hasInsufficientScope: isInsufficient,
  access,
  host,
}: ErrorResponse): string | undefined {
  const { isAnonymous, login } = access ?? { isAnonymous: undefined, login: `log in to ${host}` };
  if (status === 401 && isInsufficient) {
    const other = isAnonymous === false ? `${login} as another user` : login;
    const sent = isAnonymous === true ? "no credentials were sent; " : "";
    return `${sent}the repository does not exist or is private; check its name, or ${other}`;
  }
  if (isAnonymous) return `no credentials were sent; ${login}, or check the name`;
  if (status === 403) return access && "the credentials do not allow it";
  const sent =
    access === undefined ? "it requires credentials" : "it does not accept the credentials";
  return `${sent}; ${login}`;
}

function rateLimitAdvice({ access }: ErrorResponse): string {
  const more = access?.isAnonymous === true ? `, or ${access.login} for a higher limit` : "";
  return `too many requests; try again later${more}`;
}

/** Registries return this for a token without access to a repository, and for a repository that does not exist. */
function hasInsufficientScope(response: HTTPResponse): boolean {
  const challenges = parseChallenges(headerOf(response, "www-authenticate") ?? "");
  return challenges.some(({ parameters }) => parameters.get("error") === "insufficient_scope");
}

const day = 86_400;
/** The longest duration that a message shows, in seconds. */
const maxShown = 30 * day;

function durationOf(seconds: number): string {
  if (seconds > maxShown) return `more than ${maxShown / day} days`;
  if (seconds < 120) return `${Math.ceil(seconds)} seconds`;
  return seconds < 7200
    ? `${Math.ceil(seconds / 60)} minutes`
    : `${Math.ceil(seconds / 3600)} hours`;
}

function errorsIn(text: string): readonly RegistryErrorDetail[] {
  const { errors, details, message } = jsonObjectOf(text);
  if (Array.isArray(errors)) return errors.flatMap(errorOf);
  const only = details ?? message;
  return typeof only === "string" ? [{ code: "UNKNOWN", message: only, detail: undefined }] : [];
}

function errorOf(value: unknown): RegistryErrorDetail | [] {
  if (typeof value !== "object" || value === null) return [];
  const { code, message, detail } = value as Record<string, unknown>;
  if (typeof code !== "string" && typeof message !== "string") return [];
  return {
    code: typeof code === "string" ? code : "UNKNOWN",
    message: typeof message === "string" && message !== "" ? message : undefined,
    detail,
  };
}

function messageOf(
  response: HTTPResponse,
  errors: readonly RegistryErrorDetail[],
  text: string,
): string {
  const messages = errors.map(({ code, message }) => (message ? `${code}: ${message}` : code));
  if (messages.length > 0) return oneLine(messages.join(", "));
  if (isWebPage(response, text)) return "with a web page; check that the host is a registry";
  return oneLine(text);
}

function isWebPage(response: HTTPResponse, text: string): boolean {
  const type = headerOf(response, "content-type") ?? "";
  return /^\s*text\/html/i.test(type) || /^\s*<(?:!doctype|html)/i.test(text);
}
