import { startFaultProxy, startSlowProxy } from "@drayage/mock-servers";
import { startDistribution } from "@drayage/test-servers";

/** How a registry is reached. */
export type Connection =
  /** Through a proxy that counts requests. */
  | "counted"
  /** Round-trip time in milliseconds. */
  | { readonly roundTrip: number };

/** An empty registry and the connection to it. */
export interface TestRegistry extends AsyncDisposable {
  /** For measured runs. */
  readonly host: string;
  /** For preparation, without a proxy. */
  readonly registry: string;
  /** The requests through a counting proxy. */
  readonly requests: number;
}

export async function startTestRegistry(line: Connection): Promise<TestRegistry> {
  const registry = await startDistribution();
  const target = registry.origin;
  const counter = line === "counted" ? await startFaultProxy({ target }) : undefined;
  const isFar = line !== "counted" && line.roundTrip > 0;
  const far = isFar ? await startSlowProxy({ target, roundTrip: line.roundTrip }) : undefined;
  return {
    host: counter?.host ?? far?.host ?? registry.host,
    registry: registry.host,
    get requests() {
      return counter?.requests.length ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await counter?.[Symbol.asyncDispose]();
      await far?.[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}
