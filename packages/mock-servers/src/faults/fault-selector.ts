import { SeededRandom } from "@drayage/testkit";

import type { Fault, PlannedFault, SeededFaults } from "./fault.ts";
import { randomFault } from "./random-fault.ts";
import type { SeenRequest } from "./seen-request.ts";

/** Returns the fault of a request. Call it once per request. */
export type FaultSelector = (request: SeenRequest) => Fault | undefined;

const maxConsecutive = 3;

export function faultSelector(faults: readonly PlannedFault[] | SeededFaults): FaultSelector {
  return "seed" in faults ? seededFaults(faults) : plannedFaults(faults);
}

/** Selects the first matching fault of the list. Faults also count the requests that earlier ones match. */
function plannedFaults(planned: readonly PlannedFault[]): FaultSelector {
  const seen = planned.map(() => 0);
  return (request) => {
    const due = planned.filter((one, at) => {
      if (!matches(one, request)) return false;
      const count = (seen[at] ?? 0) + 1;
      seen[at] = count;
      const { nth = 1, times = 1 } = one;
      return count >= nth && count < nth + times;
    });
    return due[0]?.fault;
  };
}

function matches({ method, path }: PlannedFault, request: SeenRequest): boolean {
  const isOfMethod = method === undefined || method === request.method;
  return isOfMethod && (path === undefined || request.path.includes(path));
}

/** Repeats error responses often, like an outage. */
function seededFaults({ seed, kinds, rate = 0.25 }: SeededFaults): FaultSelector {
  const root = new SeededRandom(seed);
  /** The faults of the preceding requests of each kind. */
  const streaks = new Map<string, readonly Fault[]>();
  return (request) => {
    const random = root.fork(`${request.kind} ${request.nth}`);
    const streak = streaks.get(request.kind) ?? [];
    const fault = streak.length < maxConsecutive ? nextFault(random, request, streak) : undefined;
    streaks.set(request.kind, fault === undefined ? [] : [...streak, fault]);
    return fault;
  };

  function nextFault(
    random: SeededRandom,
    request: SeenRequest,
    streak: readonly Fault[],
  ): Fault | undefined {
    const last = streak.at(-1);
    if (last?.kind === "error-response" && random.integer(2) === 0) return last;
    if (random.integer(1000) >= rate * 1000) return undefined;
    return randomFault(random, request, { kinds, streak });
  }
}
