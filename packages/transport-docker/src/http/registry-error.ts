import { ImageError } from "@drayage/core";
import type { ImageErrorCode, ImageErrorOptions } from "@drayage/core";
import { jsonObjectOf, oneLine } from "@drayage/transport-kit/wire";

import { parseChallenges } from "./challenge.ts";
import { headerOf, startOfText } from "./http-exchange.ts";
import type { Access, HTTPResponse } from "./http-exchange.ts";
import { retryAfterOf } from "./retry-after.ts";

/** An error in a registry's own words (OCI distribution-spec, "Error codes"). */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string | undefined;
  readonly detail: unknown;
}

/** What a `RegistryError` carries. */
export interface RegistryErrorOptions extends ImageErrorOptions {
  /** The HTTP status. */
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/** A registry, or its token server, answered, and not with what was asked for. */
export class RegistryError extends ImageError {
  /** The HTTP status. */
  readonly status: number;
  /** Empty where the answer does not have them. */
  readonly errors: readonly RegistryErrorDetail[];
  /** Seconds to wait, where the registry named them. */
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

/** What an error answer says, before it is decided what that means. */
export interface Refusal {
  readonly status: number;
  readonly errors: readonly RegistryErrorDetail[];
  /** For people: the registry's words, or what they look like. */
  readonly words: string;
  readonly host: string;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  /** Whether who asked has shown credentials, or a token, that do not go as far as this. */
  readonly lacksRights: boolean;
  /** As whom the registry was asked; undefined for an answer of another host. */
  readonly access: Access | undefined;
  /** What was given up on, after several attempts. */
  readonly failure: Error | undefined;
  /** The image that was asked for. */
  readonly reference: string | undefined;
  /** Whether an attempt before may have done what was asked. */
  readonly mayBeDone: boolean;
}

/** Reads the body of an answer that is not what was asked for. */
export async function readRefusal(response: HTTPResponse): Promise<Refusal> {
  return refusalOf(response, await startOfText(response).catch(() => ""));
}

/** The same, where the body was read already. */
export function refusalOf(response: HTTPResponse, text: string): Refusal {
  const { status, url, failure, reference } = response;
  const errors = errorsIn(text);
  const retryAfter = retryAfterOf(response);
  return {
    status,
    errors,
    words: wordsOf(response, errors, text),
    host: url.host,
    retryAfter: retryAfter === undefined ? undefined : retryAfter / 1000,
    lacksRights: lacksRights(response),
    access: response.access,
    failure,
    reference,
    mayBeDone: response.mayBeDone === true,
  };
}

/** `operation` completes "could not …". */
export function registryError(
  refusal: Refusal,
  operation: string,
  code: ImageErrorCode = codeOf(refusal),
  advice: string | undefined = adviceOf(refusal, code),
): RegistryError {
  const { status, errors, words, host, retryAfter, failure, reference } = refusal;
  const said = `Could not ${operation}: ${host} answered ${status}${words && ` ${words}`}`;
  return new RegistryError(code, said + (advice ? `; ${advice}` : ""), {
    status,
    errors,
    retryAfter,
    reference,
    retryable: code === "unavailable" && status >= 400,
    ...(failure !== undefined && { cause: failure }),
  });
}

/** True where one of the registry's errors has this code. */
export function hasCode({ errors }: Pick<Refusal, "errors">, ...codes: readonly string[]): boolean {
  return errors.some(({ code }) => codes.includes(code));
}

const passing = new Set([408, 425, 429]);

const absenceCodes = ["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"];

function codeOf(refusal: Refusal): ImageErrorCode {
  const { status } = refusal;
  if (hasCode(refusal, "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID") || status === 416) {
    return "unavailable";
  }
  if (hasCode(refusal, "DIGEST_INVALID", "SIZE_INVALID")) return "digest-mismatch";
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || hasCode(refusal, ...absenceCodes)) return "not-found";
  if (status === 501) return "unsupported";
  const isRefused = status >= 400 && status < 500 && !passing.has(status);
  return isRefused ? "unsupported" : "unavailable";
}

function adviceOf(refusal: Refusal, code: ImageErrorCode): string | undefined {
  const { status, retryAfter } = refusal;
  if (status === 401 || status === 403) return accessAdvice(refusal);
  if (retryAfter !== undefined && retryAfter > 0 && code === "unavailable") {
    return `it asks to be left alone for ${durationOf(retryAfter)}`;
  }
  if (status === 413) return "it, or a proxy in front of it, does not take that much at once";
  if (status === 429) return rateLimitAdvice(refusal);
  return code === "unavailable" && status >= 500 ? "try again later" : undefined;
}

/** Wrong credentials are told apart from none: what to do is not the same. */
function accessAdvice({ status, lacksRights: isBelow, access, host }: Refusal): string | undefined {
  const { isAnonymous, login } = access ?? { isAnonymous: undefined, login: `log in to ${host}` };
  if (status === 401 && isBelow) {
    const other = isAnonymous === false ? `${login} as another user` : login;
    const sent = isAnonymous === true ? "no credentials were sent; " : "";
    return `${sent}there is no such repository, or it is private: check its name, or ${other}`;
  }
  if (isAnonymous) return `no credentials were sent: ${login}, or check the name`;
  if (status === 403) return access && "the credentials that were sent do not allow it";
  const sent =
    access === undefined
      ? "it wants credentials"
      : "it does not accept the credentials that were sent";
  return `${sent}: ${login}`;
}

function rateLimitAdvice({ access }: Refusal): string {
  const more = access?.isAnonymous === true ? `, or ${access.login} for a higher limit` : "";
  return `too many requests: try again later${more}`;
}

/** What registries say to a token that gives no right to a repository, and to one for a repository that is not there. */
function lacksRights(response: HTTPResponse): boolean {
  const challenges = parseChallenges(headerOf(response, "www-authenticate") ?? "");
  return challenges.some(({ parameters }) => parameters.get("error") === "insufficient_scope");
}

const day = 86_400;
/** Seconds. */
const longestNamed = 30 * day;

function durationOf(seconds: number): string {
  if (seconds > longestNamed) return `more than ${longestNamed / day} days`;
  if (seconds < 120) return `${Math.ceil(seconds)} seconds`;
  return seconds < 7200
    ? `${Math.ceil(seconds / 60)} minutes`
    : `${Math.ceil(seconds / 3600)} hours`;
}

function errorsIn(text: string): readonly RegistryErrorDetail[] {
  const { errors, details, message } = jsonObjectOf(text);
  if (Array.isArray(errors)) return errors.flatMap(errorOf);
  const words = details ?? message;
  return typeof words === "string" ? [{ code: "UNKNOWN", message: words, detail: undefined }] : [];
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

function wordsOf(
  response: HTTPResponse,
  errors: readonly RegistryErrorDetail[],
  text: string,
): string {
  const said = errors.map(({ code, message }) => (message ? `${code}: ${message}` : code));
  if (said.length > 0) return oneLine(said.join(", "));
  if (isWebPage(response, text)) return "with a web page: is that a registry?";
  return oneLine(text);
}

function isWebPage(response: HTTPResponse, text: string): boolean {
  const type = headerOf(response, "content-type") ?? "";
  return /^\s*text\/html/i.test(type) || /^\s*<(?:!doctype|html)/i.test(text);
}
