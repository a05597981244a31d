import { SeededRandom } from "../random/seeded-random.ts";
import { drawFault } from "./drawn-fault.ts";
import type { Fault, PlannedFault, SeededFaults } from "./fault.ts";
import type { SeenRequest } from "./seen-request.ts";

/** What befalls each request; to be asked once for each. */
export type FaultChoice = (request: SeenRequest) => Fault | undefined;

const mostInARow = 3;

export function chosenFaults(faults: readonly PlannedFault[] | SeededFaults): FaultChoice {
  return "seed" in faults ? seededFaults(faults) : plannedFaults(faults);
}

/** The first one of the list that matches; it counts what the ones before it took as well. */
function plannedFaults(planned: readonly PlannedFault[]): FaultChoice {
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

/** A refusal that was drawn may go on for a while, as storms do. */
function seededFaults({ seed, kinds, rate = 0.25 }: SeededFaults): FaultChoice {
  const root = new SeededRandom(seed);
  const inARow = new Map<string, number>();
  const storms = new Map<string, { readonly fault: Fault; readonly left: number }>();
  return (request) => {
    const random = root.fork(`${request.kind} ${request.nth}`);
    const before = inARow.get(request.kind) ?? 0;
    const storm = storms.get(request.kind);
    const isStruck =
      before < mostInARow && (storm !== undefined || random.integer(1000) < rate * 1000);
    const fault = isStruck ? (storm?.fault ?? drawFault(random, request, kinds)) : undefined;
    const left = storm?.left ?? (fault?.kind === "refusal" ? random.integer(mostInARow) : 0);
    inARow.set(request.kind, fault === undefined ? 0 : before + 1);
    if (fault !== undefined && left > 0) storms.set(request.kind, { fault, left: left - 1 });
    else storms.delete(request.kind);
    return fault;
  };
}
