import type { Fault } from "./fault.ts";
import type { SeenRequest } from "./seen-request.ts";

/** What came through of a request and of its answer. Counts grow while they are under way. */
export interface Passed {
  /** undefined as long as there is no answer, and for ever where none came through. */
  readonly status: number | undefined;
  /** Bytes of the request's body. */
  readonly requestBytes: number;
  /** Bytes of the answer's body. */
  readonly responseBytes: number;
  /** The connection ended, or fell silent, before all was said. */
  readonly isBroken: boolean;
}

/** The same, for those who fill it in. */
export type OpenPassed = { -readonly [Key in keyof Passed]: Passed[Key] };

/** A request that went through a proxy, and what befell it. */
export interface PassedRequest extends SeenRequest, Passed {
  readonly fault: Fault | undefined;
}

export function nothingPassed(): OpenPassed {
  return { status: undefined, requestBytes: 0, responseBytes: 0, isBroken: false };
}

/** A line for each request that something befell: `GET /v2/a/manifests/1 #2: {"kind":"flip",…}`. */
export function describeFaults(requests: readonly PassedRequest[]): string {
  return requests
    .filter(({ fault, isBroken }) => fault !== undefined || isBroken)
    .map(({ kind, nth, fault = { kind: "cut" } }) => `${kind} #${nth}: ${JSON.stringify(fault)}`)
    .join("\n");
}
