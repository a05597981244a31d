import { headerOf } from "./http-exchange.ts";
import type { HTTPResponse } from "./http-exchange.ts";

/** The requested delay in milliseconds (RFC 9110, "Retry-After"). The header has seconds or a date. */
export function retryAfterOf(response: HTTPResponse): number | undefined {
  const text = headerOf(response, "retry-after");
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
