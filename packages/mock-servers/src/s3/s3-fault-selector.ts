import { SeededRandom } from "@drayage/testkit";

import { mayFailLate } from "./fault-effects.ts";
import type { S3ErrorCode } from "./s3-error.ts";
import type { PlannedS3Fault, S3Fault, SeededS3Faults } from "./s3-fault.ts";
import type { OperationName } from "./s3-log.ts";

/** The properties of a request that are known before its body. */
interface SeenS3Request {
  readonly operation: OperationName;
  readonly key: string;
  readonly hasBody: boolean;
  readonly isConditional: boolean;
}

/** Returns the fault of a request. Call it once per request. */
export type S3FaultSelector = (request: SeenS3Request) => S3Fault | undefined;

const maxConsecutive = 3;

export function s3FaultSelector(
  faults: readonly PlannedS3Fault[] | SeededS3Faults = [],
): S3FaultSelector {
  return "seed" in faults ? seededFaults(faults) : plannedFaults(faults);
}

/** Selects the first matching fault of the list. Faults also count the requests that earlier ones match. */
function plannedFaults(planned: readonly PlannedS3Fault[]): S3FaultSelector {
  const seen = planned.map(() => 0);
  return ({ operation, key }) => {
    const due = planned.filter((one, at) => {
      const isMeant = one.operation === undefined || one.operation === operation;
      if (!isMeant || !key.includes(one.key ?? "")) return false;
      const count = (seen[at] ?? 0) + 1;
      seen[at] = count;
      const { nth = 1, times = 1 } = one;
      return count >= nth && count < nth + times;
    });
    return due[0]?.fault;
  };
}

function seededFaults({
  seed,
  kinds = allKinds,
  operations,
  rate = 0.25,
}: SeededS3Faults): S3FaultSelector {
  const root = new SeededRandom(seed);
  const counts = new Map<string, { requests: number; inARow: number }>();
  return (request) => {
    const { operation, key } = request;
    if (operations !== undefined && !operations.includes(operation)) return undefined;
    const label = `${operation} ${key}`;
    const { requests, inARow } = counts.get(label) ?? { requests: 0, inARow: 0 };
    const random = root.fork(`${label} ${requests}`);
    const isDue = inARow < maxConsecutive && random.integer(1000) < rate * 1000;
    const fitting = kinds.filter((kind) => fits(kind, request));
    const kind = isDue ? fitting[random.integer(Math.max(fitting.length, 1))] : undefined;
    counts.set(label, { requests: requests + 1, inARow: kind === undefined ? 0 : inARow + 1 });
    return kind && faultOf(kind, random, request);
  };
}

const allKinds: readonly S3Fault["kind"][] = [
  "error",
  "late-error",
  "cut",
  "reset",
  "stall",
  "flip",
];
const codes: readonly S3ErrorCode[] = [
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
];
const conditionalCodes: readonly S3ErrorCode[] = [...codes, "ConditionalRequestConflict"];

function fits(kind: S3Fault["kind"], { operation, hasBody }: SeenS3Request): boolean {
  if (kind === "late-error") return mayFailLate(operation);
  return kind !== "flip" || hasBody || operation === "GetObject";
}

function faultOf(
  kind: S3Fault["kind"],
  random: SeededRandom,
  { hasBody, isConditional }: SeenS3Request,
): S3Fault {
  const position = random.integer(1 << 24);
  const during = hasBody ? "request" : "response";
  switch (kind) {
    case "error": {
      const code = drawn(random, isConditional ? conditionalCodes : codes);
      return { kind, code, ...(random.integer(2) === 0 && { retryAfter: 0 }) };
    }
    case "late-error":
      return { kind, code: drawn(random, ["InternalError", "SlowDown"]) };
    case "cut":
    case "reset":
    case "stall":
      return drawn(random, ["body", "answer"] as const) === "body"
        ? { kind, during, after: position }
        : { kind, during: "answer" };
    case "flip":
      return { kind, during, at: position };
  }
}

function drawn<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.integer(values.length)] as Value;
}
