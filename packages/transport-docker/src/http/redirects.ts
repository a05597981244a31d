import { ImageError } from "@drayage/core";

import { headerOf, isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";
import { namerOf } from "./named-host.ts";

const maxRedirects = 10;

/** Throws for a redirect that is not allowed. */
export type RedirectRule = (from: URL, to: URL) => void;

/**
 * Sends a request and follows redirects. Credentials and bodies are not sent to another origin, and a stream is not
 * repeated.
 * @throws ImageError `unsupported` for too many redirects; the error of the rule
 */
export async function followRedirects(
  request: HTTPRequest,
  send: Send,
  rule: RedirectRule,
): Promise<HTTPResponse> {
  let current = request;
  for (let followed = 0; followed <= maxRedirects; followed++) {
    const response = await send(current);
    const target = targetOf(response, current);
    if (target === undefined) return response;
    await response.discard();
    rule(current.url, target);
    current = redirected(current, target);
  }
  throw new ImageError(
    "unsupported",
    `${request.url.host} returned more than ${maxRedirects} redirects in a row`,
  );
}

/** Resolves a `Location`, which may be relative. @throws ImageError `unsupported` for another URL than of HTTP */
export function resolveLocation(location: string, base: URL): URL {
  const url = URL.parse(escapedBytes(location), base.href);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new ImageError("unsupported", `${base.host} returned a Location that is not an HTTP URL`);
}

/** Escapes the bytes that are not ASCII, because Node decodes headers as Latin-1. This is correct for UTF-8. */
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
