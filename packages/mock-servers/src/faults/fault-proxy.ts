import { openWebServer } from "@drayage/registry/http";

import { Elsewhere } from "./elsewhere.ts";
import type { RequestElsewhere } from "./elsewhere.ts";
import type { FaultProxySettings } from "./fault-proxy-settings.ts";
import { FaultyLine } from "./faulty-line.ts";
import { describeFaults } from "./passed-request.ts";
import type { PassedRequest } from "./passed-request.ts";

/** A line to a registry on which things go wrong; gone when disposed of. */
export interface FaultProxy extends AsyncDisposable {
  readonly origin: string;
  /** `127.0.0.1:5000`: what an image's name starts with. */
  readonly host: string;
  /** Every request that came, in the order in which they came, with the bytes that came through. */
  readonly requests: readonly PassedRequest[];
  /** What came to the other origin to which some faults lead; it does what the registry would. */
  readonly elsewhere: readonly RequestElsewhere[];
  /** The seed, if there is one, and a line for each thing that was done: to find out why something failed. */
  describe(): string;
}

/**
 * Stands between clients and one registry, passes everything on, and lets happen to it what is to happen. Where the
 * registry names its own address, the answer names that of the proxy.
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
