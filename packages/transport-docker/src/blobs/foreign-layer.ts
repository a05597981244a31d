import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { hasContent } from "../http/http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import { namerOf } from "../http/named-host.ts";
import type { RedirectRule } from "../http/redirects.ts";
import type { Registry } from "../registry/registry.ts";

/**
 * Requests a foreign layer from its URLs without credentials. Returns the first response with the layer, or undefined.
 * URLs and redirects may only lead to addresses that their server may name (`NamedHosts`).
 */
export async function findForeignLayer(
  registry: Registry,
  urls: readonly string[],
  options: OperationOptions & Pick<HTTPRequest, "headers" | "expected">,
): Promise<HTTPResponse | undefined> {
  const rule: RedirectRule = (from, to) => registry.client.rejectDowngrade(from, to);
  for (const text of urls) {
    const url = URL.parse(text);
    if (url?.protocol !== "https:" && url?.protocol !== "http:") continue;
    try {
      const namedBy = namerOf(new URL(registry.origin), url, registry.trust);
      const request = { ...options, method: "GET", url, namedBy } as const;
      const response = await registry.client.sendWithRetries(request, rule);
      if (hasContent(response)) return response;
      await response.discard();
    } catch (error) {
      if (!isImageError(error)) throw error;
      if (error.code === "untrusted") {
        const { message } = error;
        options.onNotice?.({ kind: "caution", text: message });
      }
    }
  }
  return undefined;
}
