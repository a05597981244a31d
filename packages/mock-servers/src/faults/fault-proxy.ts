import { openWebServer } from "@drayage/registry/http";

import { FaultInjector } from "./fault-injector.ts";
import type { FaultProxySettings } from "./fault-proxy-settings.ts";
import { OtherOrigin } from "./other-origin.ts";
import type { RedirectedRequest } from "./other-origin.ts";
import { describeFaults } from "./proxied-request.ts";
import type { ProxiedRequest } from "./proxied-request.ts";

/** A proxy in front of a registry that injects faults. It ends when it is disposed of. */
export interface FaultProxy extends AsyncDisposable {
  readonly origin: string;
  /** `127.0.0.1:5000`, the host in image names. */
  readonly host: string;
  /** Every request in order of arrival, with the number of transferred bytes. */
  readonly requests: readonly ProxiedRequest[];
  /** The requests to the other origin that some faults redirect to. It behaves like the registry. */
  readonly redirected: readonly RedirectedRequest[];
  /** The seed and a line for each injected fault, for debugging. */
  describe(): string;
}

/**
 * Starts a proxy in front of one registry that forwards requests and injects faults. Replaces the registry's origin in
 * responses with its own.
 */
export async function startFaultProxy(settings: FaultProxySettings): Promise<FaultProxy> {
  const { target, faults = [] } = settings;
  const server = await openWebServer({}, 0);
  const otherOrigin = await OtherOrigin.open(new URL(target));
  const line = new FaultInjector(settings, server.origin, otherOrigin);
  server.serve((incoming, response) => {
    line.forward(incoming, response).catch(() => incoming.socket.destroy());
  });
  return {
    origin: server.origin,
    host: server.host,
    requests: line.requests,
    redirected: otherOrigin.requests,
    describe() {
      const seed = "seed" in faults ? `seed ${faults.seed}\n` : "";
      return seed + describeFaults(line.requests);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await otherOrigin[Symbol.asyncDispose]();
    },
  };
}
