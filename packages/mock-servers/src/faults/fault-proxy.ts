import { openWebServer } from "@drayage/registry/http";

import { Elsewhere } from "./elsewhere.ts";
import type { RequestElsewhere } from "./elsewhere.ts";
import type { FaultProxySettings } from "./fault-proxy-settings.ts";
import { FaultyLine } from "./faulty-line.ts";
import { describeFaults } from "./passed-request.ts";
import type { PassedRequest } from "./passed-request.ts";

/** A proxy in front of a registry that injects faults. It ends when it is disposed of. */
export interface FaultProxy extends AsyncDisposable {
  readonly origin: string;
  /** `127.0.0.1:5000`, the host in image names. */
  readonly host: string;
  /** Every request in order of arrival, with the number of transferred bytes. */
  readonly requests: readonly PassedRequest[];
  /** The requests to the other origin that some faults redirect to. It behaves like the registry. */
  readonly elsewhere: readonly RequestElsewhere[];
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
  const elsewhere = await Elsewhere.open(new URL(target));
  const line = new FaultyLine(settings, server.origin, elsewhere);
  server.serve((incoming, response) => {
    line.pass(incoming, response).catch(() => incoming.socket.destroy());
  });
  return {
    origin: server.origin,
    host: server.host,
    requests: line.requests,
    elsewhere: elsewhere.requests,
    describe() {
      const seed = "seed" in faults ? `seed ${faults.seed}\n` : "";
      return seed + describeFaults(line.requests);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await elsewhere[Symbol.asyncDispose]();
    },
  };
}
