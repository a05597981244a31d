import { ImageError } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { escapedBytes } from "../http/redirects.ts";
import { parseLinks } from "./link-header.ts";
import type { Link } from "./link-header.ts";

/**
 * The URL of the next page of a list (OCI distribution-spec, "Listing tags"), on the same origin: a registry behind a
 * proxy may not know its public name.
 * @throws ImageError `unsupported` for a link that is not a URL, because the rest of the list would be lost silently
 */
export function nextPageOf(response: HTTPResponse): URL | undefined {
  const link = nextOf(parseLinks(headerOf(response, "link") ?? ""));
  if (link === undefined) return undefined;
  const url = URL.parse(escapedBytes(link.target), response.url.href);
  if (url?.protocol === "https:" || url?.protocol === "http:") {
    return new URL(url.pathname + url.search, response.url);
  }
  throw new ImageError(
    "unsupported",
    `${response.url.host} continues a list at ${JSON.stringify(link.target.slice(0, 200))}, which is not an HTTP URL`,
  );
}

/** Some registries omit `rel` on a single link. */
function nextOf(links: readonly Link[]): Link | undefined {
  const next = links.find(({ relations }) => relations?.includes("next"));
  if (next !== undefined) return next;
  const [only, ...others] = links;
  return only?.relations === undefined && others.length === 0 ? only : undefined;
}
