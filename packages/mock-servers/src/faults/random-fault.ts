import type { SeededRandom } from "@drayage/testkit";

import type { Fault, ErrorStatus, RetryAfter } from "./fault.ts";
import type { SeenRequest } from "./seen-request.ts";

type Kind = Fault["kind"];

/** A random fault that applies to the request and its preceding faults; undefined if none does. */
export function randomFault(
  random: SeededRandom,
  request: SeenRequest,
  { kinds = allKinds, streak }: { kinds?: readonly Kind[] | undefined; streak: readonly Fault[] },
): Fault | undefined {
  // A new token must not be rejected again, because the client then fails.
  const hasExpired = streak.some(({ kind }) => kind === "expired-token");
  const fitting = kinds.filter(
    (kind) => fits(kind, request) && !(hasExpired && kind === "expired-token"),
  );
  const kind = fitting[random.integer(Math.max(fitting.length, 1))];
  return kind && faultOf(kind, random, request);
}

const allKinds: readonly Kind[] = [
  "cut",
  "reset",
  "stall",
  "error-response",
  "truncation",
  "flip",
  "wrong-length",
  "expired-token",
  "location",
  "lost-upload",
  "redirect",
];

const statuses: readonly ErrorStatus[] = [429, 429, 500, 502, 503, 504];
/** Short delays, so that clients that honour them do not take long. */
const waits: readonly (RetryAfter | undefined)[] = [
  undefined,
  { seconds: 0, as: "seconds" },
  { seconds: 0, as: "date" },
];

function fits(kind: Kind, { method, hasBody, hasGoodToken, isOfUpload }: SeenRequest): boolean {
  switch (kind) {
    case "cut":
    case "reset":
    case "stall":
    case "error-response":
      return true;
    case "truncation":
    case "wrong-length":
    case "redirect":
      return method === "GET";
    case "flip":
      return method === "GET" || hasBody;
    case "expired-token":
      return hasGoodToken;
    case "location":
      return method === "POST" || method === "PATCH";
    case "lost-upload":
      return isOfUpload && method !== "DELETE";
  }
}

function faultOf(kind: Kind, random: SeededRandom, { hasBody }: SeenRequest): Fault {
  const position = random.integer(1 << 24);
  const during = hasBody ? "request" : "response";
  switch (kind) {
    case "cut":
    case "reset":
    case "stall": {
      const when = one(random, ["nothing", "body", "body", "answer"] as const);
      if (when === "nothing") return { kind, during: "request", after: 0 };
      return when === "answer" ? { kind, during: when } : { kind, during, after: position };
    }
    case "error-response": {
      const retryAfter = one(random, waits);
      return { kind, status: one(random, statuses), ...(retryAfter && { retryAfter }) };
    }
    case "truncation":
      return { kind, after: position };
    case "flip":
      return { kind, during, at: position };
    case "wrong-length":
      return { kind, by: one(random, [-7, -1, 1, 1000]) };
    case "location":
      return { kind, as: one(random, ["relative", "absolute", "external"]) };
    case "expired-token":
    case "lost-upload":
    case "redirect":
      return { kind };
  }
}

function one<Value>(random: SeededRandom, values: readonly Value[]): Value {
  return values[random.integer(values.length)] as Value;
}
