import { Retries } from "@drayage/core";

import { isTemporary } from "./connection-error.ts";
import { isBusy } from "./host.ts";
import type { Host } from "./host.ts";
import { hasContent, inMemory, isStream, startOfText, wholeOf } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";
import { refusalOf, registryError } from "./registry-error.ts";
import type { RegistryError } from "./registry-error.ts";
import { retryAfterOf } from "./retry-after.ts";

export type HostOf = (url: URL) => Host;

/** What came of an attempt. */
type Outcome =
  | { readonly kind: "answered"; readonly response: HTTPResponse }
  | { readonly kind: "refused"; readonly response: HTTPResponse; readonly error: RegistryError }
  | { readonly kind: "failed"; readonly error: unknown };

const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);
/** After these nobody knows whether a server did what it was asked. */
const unclearStatuses = new Set([500, 502, 504]);

/**
 * Sends a request again as long as that may help: all but streams, which can be sent once. When it does not help any
 * more, the last answer or failure counts.
 */
export async function withRetries(
  request: HTTPRequest,
  send: Send,
  hostOf: HostOf,
): Promise<HTTPResponse> {
  if (isStream(request.body)) return send(request);
  const retries = request.retries ?? new Retries();
  let mayBeDone = false;
  for (let attempt = 1; ; attempt++) {
    const outcome = await tried(request, send);
    if (outcome.kind === "answered") {
      return { ...outcome.response, mayBeDone, isRepeated: attempt > 1 };
    }
    if (!(await waitForRetry(outcome, { ...request, retries }, attempt, hostOf))) {
      if (outcome.kind === "failed") throw outcome.error;
      return outcome.response;
    }
    mayBeDone ||= outcome.kind === "failed" || unclearStatuses.has(outcome.response.status);
  }
}

async function tried(request: HTTPRequest, send: Send): Promise<Outcome> {
  try {
    const response = await send(request);
    if (!passingStatuses.has(response.status)) {
      return { kind: "answered", response: await arrived(response, request) };
    }
    const text = await startOfText(response).catch(() => "");
    const error = registryError(refusalOf(response, text), operationOf(request));
    return { kind: "refused", response: { ...inMemory(response, text), failure: error }, error };
  } catch (error) {
    return { kind: "failed", error };
  }
}

/** An answer that somebody waits for whole. @throws ImageError `unavailable`, `invalid-manifest` for a larger one */
async function arrived(response: HTTPResponse, { wholeUpTo }: HTTPRequest): Promise<HTTPResponse> {
  if (wholeUpTo === undefined || !hasContent(response)) return response;
  return inMemory(response, await wholeOf(response, wholeUpTo));
}

/** While the first of many that were refused at once waits, so does everybody else, and only the first is counted. */
async function waitForRetry(
  outcome: Exclude<Outcome, { kind: "answered" }>,
  request: HTTPRequest & { readonly retries: Retries },
  attempt: number,
  hostOf: HostOf,
): Promise<boolean> {
  const { retries, signal, url } = request;
  const failed = { error: outcome.error, attempt, operation: operationOf(request) };
  if (outcome.kind === "failed") {
    const mayHelp = hostOf(url).hasAnswered || isTemporary(outcome.error);
    return mayHelp && retries.waitForRetry(failed, signal);
  }
  const { response } = outcome;
  const hasProgressed = response.isRefusedWithOthers === true;
  using _ = isBusy(response.status) && !hasProgressed ? hostOf(response.url).hold() : undefined;
  const retryAfter = retryAfterOf(response);
  return await retries.waitForRetry({ ...failed, retryAfter, hasProgressed }, signal);
}

const verbs: Readonly<Record<HTTPRequest["method"], string>> = {
  GET: "read",
  HEAD: "look for",
  POST: "ask",
  PUT: "write",
  PATCH: "send",
  DELETE: "delete",
};

/** Queries are left out, which may have secrets in them. */
function operationOf({ method, url }: HTTPRequest): string {
  return `${verbs[method]} ${url.host}${url.pathname}`;
}
