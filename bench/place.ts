import { startFaultProxy, startSlowLine } from "@drayage/mock-servers";
import { startDistribution } from "@drayage/test-servers";

/** How a registry is reached. */
export type Line =
  /** By way of somebody who counts. */
  | "counted"
  /** Milliseconds from a question to its answer. */
  | { readonly roundTrip: number };

/** A registry that has nothing yet, and the line to it. */
export interface Place extends AsyncDisposable {
  /** For what is measured. */
  readonly host: string;
  /** For what comes before: no line in between. */
  readonly registry: string;
  /** That came over the line, where somebody counted. */
  readonly requests: number;
}

export async function startPlace(line: Line): Promise<Place> {
  const registry = await startDistribution();
  const target = registry.origin;
  const counter = line === "counted" ? await startFaultProxy({ target }) : undefined;
  const isFar = line !== "counted" && line.roundTrip > 0;
  const far = isFar ? await startSlowLine({ target, roundTrip: line.roundTrip }) : undefined;
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
