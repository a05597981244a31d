import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { hasContent } from "../http/http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "../http/http-exchange.ts";
import { namerOf } from "../http/named-host.ts";
import type { RedirectRule } from "../http/redirects.ts";
import type { Registry } from "../registry/registry.ts";

/**
 * The first answer that has the layer, asked for without saying who one is; undefined where nobody has it. URLs and
 * redirects lead to addresses only that the server that named them may name.
 */
export async function findForeignLayer(
  registry: Registry,
  urls: readonly string[],
  options: OperationOptions & Pick<HTTPRequest, "headers" | "expected">,
): Promise<HTTPResponse | undefined> {
  const rule: RedirectRule = (from, to) => registry.client.refuseDowngrade(from, to);
  for (const text of urls) {
    const url = URL.parse(text);
    if (url?.protocol !== "https:" && url?.protocol !== "http:") continue;
    try {
      const namedBy = namerOf(new URL(registry.origin), url, registry.trust);
      const request = { ...options, method: "GET", url, namedBy } as const;
      const response = await registry.client.sendPatiently(request, rule);
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
