import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { escapedBytes } from "../http/redirects.ts";

const link = /<([^<>]*)>([^<]*)/g;
const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i;

/**
 * Where a list goes on (RFC 8288). Always at the same origin, whatever the link says: registries behind proxies do not
 * always know their own name, and nobody else is to answer in their place.
 */
export function nextPageOf(response: HTTPResponse): URL | undefined {
  for (const [, target = "", rest = ""] of (headerOf(response, "link") ?? "").matchAll(link)) {
    const [, quoted, plain] = relation.exec(rest) ?? [];
    const relations = (quoted ?? plain ?? "").toLowerCase().split(/\s+/);
    const url = relations.includes("next")
      ? URL.parse(escapedBytes(target), response.url.href)
      : null;
    if (url !== null) return new URL(url.pathname + url.search, response.url);
  }
  return undefined;
}
