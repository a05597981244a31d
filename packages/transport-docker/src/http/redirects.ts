import { ImageError } from "@drayage/core";

import { headerOf, isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";
import { namerOf } from "./named-host.ts";

const mostRedirects = 10;

/** Throws where one may not go from one place to the other. */
export type RedirectRule = (from: URL, to: URL) => void;

/**
 * Sends a request to where it leads in the end. Credentials stay with the origin that they were meant for; so does a
 * body, and a stream is not sent anew at all.
 * @throws ImageError `unsupported` for redirects without an end, or against the rule
 */
export async function followRedirects(
  request: HTTPRequest,
  send: Send,
  rule: RedirectRule,
): Promise<HTTPResponse> {
  let current = request;
  for (let followed = 0; followed <= mostRedirects; followed++) {
    const response = await send(current);
    const target = targetOf(response, current);
    if (target === undefined) return response;
    await response.discard();
    rule(current.url, target);
    current = redirected(current, target);
  }
  throw new ImageError(
    "unsupported",
    `${request.url.host} answered with more than ${mostRedirects} redirects`,
  );
}

/** Where a `Location` leads, which may be relative. @throws ImageError `unsupported` where it is not a URL for HTTP */
export function resolveLocation(location: string, base: URL): URL {
  const url = URL.parse(escapedBytes(location), base.href);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new ImageError("unsupported", `${base.host} answered with a Location that is no HTTP URL`);
}

/** Headers are read byte by byte, as Latin-1: what is not ASCII is escaped as it came, which is right for UTF-8. */
export function escapedBytes(header: string): string {
  return header.replaceAll(
    /[\u0080-\u00ff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function targetOf(response: HTTPResponse, { method, body }: HTTPRequest): URL | undefined {
  const location = headerOf(response, "location");
  if (location === undefined) return undefined;
  const isRead = method === "GET" || method === "HEAD";
  const followed = isRead ? [301, 302, 303, 307, 308] : [307, 308];
  if (!followed.includes(response.status) || isStream(body)) return undefined;
  const target = resolveLocation(location, response.url);
  return body === undefined || target.origin === response.url.origin ? target : undefined;
}

function redirected(request: HTTPRequest, url: URL): HTTPRequest {
  if (url.origin === request.url.origin) return { ...request, url };
  const { authorization: _, ...headers } = request.headers;
  const isSameHost = url.host === request.url.host;
  const namedBy = isSameHost ? request.namedBy : namerOf(request.url, url, request.trust);
  return { ...request, url, headers, namedBy };
}
