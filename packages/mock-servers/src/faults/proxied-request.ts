import type { Fault } from "./fault.ts";
import type { SeenRequest } from "./seen-request.ts";

/** The transferred parts of a request and its response. Counters grow during the transfer. */
export interface TransferCounts {
  /** undefined until the response starts, and if there was none. */
  readonly status: number | undefined;
  /** Bytes of the request body. */
  readonly requestBytes: number;
  /** Bytes of the response body. */
  readonly responseBytes: number;
  /** Whether the connection closed or stalled before the end. */
  readonly isBroken: boolean;
}

/** The mutable form. */
export type OpenTransferCounts = { -readonly [Key in keyof TransferCounts]: TransferCounts[Key] };

/** A proxied request and its fault. */
export interface ProxiedRequest extends SeenRequest, TransferCounts {
  readonly fault: Fault | undefined;
}

export function noTransfer(): OpenTransferCounts {
  return { status: undefined, requestBytes: 0, responseBytes: 0, isBroken: false };
}

/** A line for each request with a fault: `GET /v2/a/manifests/1 #2: {"kind":"flip",…}`. */
export function describeFaults(requests: readonly ProxiedRequest[]): string {
  return requests
    .filter(({ fault, isBroken }) => fault !== undefined || isBroken)
    .map(({ kind, nth, fault = { kind: "cut" } }) => `${kind} #${nth}: ${JSON.stringify(fault)}`)
    .join("\n");
}
