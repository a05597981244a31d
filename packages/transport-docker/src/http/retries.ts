import { Retries } from "@drayage/core";

import { isTemporary } from "./connection-error.ts";
import { isBusy } from "./host.ts";
import type { Host } from "./host.ts";
import { hasContent, withBody, isStream, readTextStart, readBody } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";
import { errorResponseOf, registryError } from "./registry-error.ts";
import type { RegistryError } from "./registry-error.ts";
import { retryAfterOf } from "./retry-after.ts";

export type HostOf = (url: URL) => Host;

/** The result of an attempt. */
type Outcome =
  | { readonly kind: "answered"; readonly response: HTTPResponse }
  | { readonly kind: "rejected"; readonly response: HTTPResponse; readonly error: RegistryError }
  | { readonly kind: "failed"; readonly error: unknown };

const temporaryStatuses = new Set([408, 429, 500, 502, 503, 504]);
/** Statuses after which the server may have executed the request. */
const ambiguousStatuses = new Set([500, 502, 504]);

/**
 * Sends a request with retries, unless its body is a stream. Returns the last response, or throws the last error, when
 * retries are exhausted.
 */
export async function withRetries(
  request: HTTPRequest,
  send: Send,
  hostOf: HostOf,
): Promise<HTTPResponse> {
  if (isStream(request.body)) return send(request);
  const retries = request.retries ?? new Retries();
  let mayHaveSucceeded = false;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(request, send);
    if (outcome.kind === "answered") {
      return { ...outcome.response, mayHaveSucceeded, isRepeated: attempt > 1 };
    }
    if (!(await waitForRetry(outcome, { ...request, retries }, attempt, hostOf))) {
      if (outcome.kind === "failed") throw outcome.error;
      return outcome.response;
    }
    mayHaveSucceeded ||=
      outcome.kind === "failed" || ambiguousStatuses.has(outcome.response.status);
  }
}

async function attemptOnce(request: HTTPRequest, send: Send): Promise<Outcome> {
  try {
    const response = await send(request);
    if (!temporaryStatuses.has(response.status)) {
      return { kind: "answered", response: await readIfLimited(response, request) };
    }
    const text = await readTextStart(response).catch(() => "");
    const error = registryError(errorResponseOf(response, text), operationOf(request));
    return { kind: "rejected", response: { ...withBody(response, text), failure: error }, error };
  } catch (error) {
    return { kind: "failed", error };
  }
}

/** Reads a body with a maximum size as part of the attempt. @throws ImageError `unavailable`; `invalid-manifest` for a larger one */
async function readIfLimited(
  response: HTTPResponse,
  { maxBodySize }: HTTPRequest,
): Promise<HTTPResponse> {
  if (maxBodySize === undefined || !hasContent(response)) return response;
  return withBody(response, await readBody(response, maxBodySize));
}

/** Counts only the first of the concurrent requests that a busy host rejects, and delays the others while it waits. */
async function waitForRetry(
  outcome: Exclude<Outcome, { kind: "answered" }>,
  request: HTTPRequest & { readonly retries: Retries },
  attempt: number,
  hostOf: HostOf,
): Promise<boolean> {
  const { retries, signal, url } = request;
  const failed = { error: outcome.error, attempt, operation: operationOf(request) };
  if (outcome.kind === "failed") {
    const isRetryable = hostOf(url).hasResponded || isTemporary(outcome.error);
    return isRetryable && retries.waitForRetry(failed, signal);
  }
  const { response } = outcome;
  const hasProgressed = response.isRejectedWithOthers === true;
  using _ = isBusy(response.status) && !hasProgressed ? hostOf(response.url).hold() : undefined;
  const retryAfter = retryAfterOf(response);
  return await retries.waitForRetry({ ...failed, retryAfter, hasProgressed }, signal);
}

const verbs: Readonly<Record<HTTPRequest["method"], string>> = {
  GET: "read",
  HEAD: "find",
  POST: "request",
  PUT: "write",
  PATCH: "send",
  DELETE: "delete",
};

/** Omits the query, which may contain secrets. */
function operationOf({ method, url }: HTTPRequest): string {
  return `${verbs[method]} ${url.host}${url.pathname}`;
}
