import { setTimeout as delay } from "node:timers/promises";

import { isCutOff } from "./connection-error.ts";
import { headerOf, isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";

const attempts = 3;
const firstPause = 250;
const longestPause = 60_000;
const passingStatuses = new Set([429, 502, 503, 504]);

/**
 * Sends a request again, after a pause, where a registry is busy or a connection broke and the request does no harm
 * twice: all but deletions and streams.
 */
export async function withRetries(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
  if (request.method === "DELETE" || isStream(request.body)) return send(request);
  for (let attempt = 1; attempt < attempts; attempt++) {
    let pause = firstPause * 2 ** (attempt - 1) * (0.5 + Math.random());
    try {
      const response = await send(request);
      if (!passingStatuses.has(response.status)) return response;
      pause = retryAfterOf(response) ?? pause;
      if (pause > longestPause) return response;
      await response.discard();
    } catch (error) {
      if (!isCutOff(error)) throw error;
    }
    await rest(pause, request.signal);
  }
  return send(request);
}

/** Milliseconds from now, from seconds or from a date (RFC 9110, "Retry-After"). */
export function retryAfterOf(response: HTTPResponse): number | undefined {
  const text = headerOf(response, "retry-after");
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits so many milliseconds, or until the abort. */
export async function rest(pause: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(pause, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
