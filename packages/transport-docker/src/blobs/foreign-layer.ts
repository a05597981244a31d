import { ImageError, isImageError, isLoopback } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { hasContent } from "../http/http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import type { RedirectRule } from "../http/redirects.ts";
import type { Registry } from "../registry.ts";

/**
 * The first answer that has the layer, asked for without saying who one is; undefined where nobody has it. What a
 * registry elsewhere says cannot make us ask on this machine.
 */
export async function findForeignLayer(
  registry: Registry,
  urls: readonly string[],
  options: OperationOptions & Pick<HTTPRequest, "headers">,
): Promise<HTTPResponse | undefined> {
  const rule: RedirectRule = (from, to) => {
    registry.client.refuseDowngrade(from, to);
    if (!mayLeadTo(registry, to)) throw new ImageError("unsupported", `${from.host} leads astray`);
  };
  for (const text of urls) {
    const url = URL.parse(text);
    if (url === null || !mayLeadTo(registry, url)) continue;
    try {
      const request = { ...options, method: "GET", url } as const;
      const response = await registry.client.sendPatiently(request, rule);
      if (hasContent(response)) return response;
      await response.discard();
    } catch (error) {
      if (!isImageError(error)) throw error;
    }
  }
  return undefined;
}

function mayLeadTo({ origin }: Registry, { protocol, hostname }: URL): boolean {
  if (protocol !== "https:" && protocol !== "http:") return false;
  return !isLoopback(hostname) || isLoopback(new URL(origin).hostname);
}
