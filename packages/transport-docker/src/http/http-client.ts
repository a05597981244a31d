import { ImageError } from "@drayage/core";

import type { DockerSettings } from "../docker-settings.ts";
import { Connections } from "./connections.ts";
import type { HTTPRequest, HTTPResponse } from "./http-exchange.ts";
import { followRedirects } from "./redirects.ts";
import type { RedirectRule } from "./redirects.ts";
import { withRetries } from "./retries.ts";

const defaultIdleTimeout = 60_000;

/** Plain requests to any host, with nobody's credentials: what registries and token servers are asked through. */
export class HTTPClient {
  readonly insecure: boolean;
  readonly #connections: Connections;
  readonly #userAgent: string;

  constructor({ insecure = false, idleTimeout = defaultIdleTimeout, userAgent }: DockerSettings) {
    this.insecure = insecure;
    this.#connections = new Connections({ insecure, idleTimeout });
    this.#userAgent = userAgent ?? "drayage";
  }

  /** To be held by whoever sends, until disposed of. */
  use(): AsyncDisposable {
    return this.#connections.use();
  }

  /** One request and what it leads to; nothing is repeated. @throws ImageError `unavailable`, `unsupported` */
  async send(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    const headers = { "user-agent": this.#userAgent, ...request.headers };
    return followRedirects(
      { ...request, headers },
      async (one) => this.#connections.send(one),
      rule ?? ((from, to) => this.refuseDowngrade(from, to)),
    );
  }

  /** The same, repeated where that is safe and may help. @throws ImageError `unavailable`, `unsupported` */
  async sendPatiently(request: HTTPRequest, rule?: RedirectRule): Promise<HTTPResponse> {
    return withRetries(request, async (one) => this.send(one, rule));
  }

  /** @throws ImageError `unsupported` where what was encrypted would go on in the clear */
  refuseDowngrade(from: URL, to: URL): void {
    if (this.insecure || from.protocol !== "https:" || to.protocol === "https:") return;
    throw new ImageError(
      "unsupported",
      `${from.host} leads from https to plain http at ${to.host}; to allow that set "insecure"`,
    );
  }
}
