import type { Notice } from "@drayage/core";
import { oneLine } from "@drayage/transport-kit/wire";

import { headerOf } from "./http-exchange.ts";
import type { HTTPResponse } from "./http-exchange.ts";

/** The warnings and rate limits in the headers of a response. */
export function noticesIn(response: HTTPResponse): readonly Notice[] {
  return [...warningsIn(response), ...rateLimitIn(response)];
}

/** Parses `299 - "text"`, the only form of RFC 9111 that registries use (OCI distribution-spec, "Warnings"). */
function warningsIn({ url, headers: { warning = [] } }: HTTPResponse): readonly Notice[] {
  const values = typeof warning === "string" ? [warning] : warning;
  return values.flatMap((value) => {
    const [, quoted] = /^299 - "((?:[^"\\]|\\.)*)"$/.exec(value.trim()) ?? [];
    if (quoted === undefined) return [];
    const text = oneLine(quoted.replaceAll(/\\(.)/g, "$1"));
    return { kind: "warning", host: url.host, text } as const;
  });
}

/** Parses the rate limits of Docker Hub, such as `100;w=21600`. */
function rateLimitIn(response: HTTPResponse): readonly Notice[] {
  const [, limit, window] = partsOf(headerOf(response, "ratelimit-limit"));
  const [, remaining] = partsOf(headerOf(response, "ratelimit-remaining"));
  if (limit === undefined || remaining === undefined) return [];
  const source = headerOf(response, "docker-ratelimit-source");
  const notice = {
    kind: "rate-limit",
    host: response.url.host,
    limit: Number(limit),
    remaining: Number(remaining),
    window: window === undefined ? undefined : Number(window),
    source: source === undefined ? undefined : oneLine(source),
  } as const;
  return [notice];
}

function partsOf(header = ""): readonly (string | undefined)[] {
  return /^\s*(\d+)\s*(?:;\s*w=(\d+))?/.exec(header) ?? [];
}
