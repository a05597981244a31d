import { flipped, positionIn } from "../faults/fault-effects.ts";
import type { BreakKind } from "../faults/fault.ts";
import { S3Error } from "./s3-error.ts";
import type { S3Fault } from "./s3-fault.ts";
import type { OperationName } from "./s3-log.ts";
import type { S3Request } from "./s3-request.ts";

/** The changes that a fault makes to one exchange. */
export interface FaultEffects {
  /** The error to return without processing the request. */
  readonly instead?: S3Error;
  /** The same error with status 200. */
  readonly late?: S3Error;
  readonly request?: (body: Body) => Body;
  readonly response?: (body: Body, length: number) => Body;
  /** Breaks the connection before the response. */
  readonly breakBefore?: BreakKind;
  /** Breaks the connection at the end of `response`. */
  readonly breakAfter?: BreakKind;
}

type Body = AsyncIterable<Uint8Array>;

/** The effects of a fault. */
export function faultEffects(
  fault: S3Fault,
  request: S3Request,
  operation: OperationName,
): FaultEffects {
  switch (fault.kind) {
    case "error":
      return { instead: errorOf(fault.code, fault.retryAfter) };
    case "late-error":
      return { [mayFailLate(operation) ? "late" : "instead"]: errorOf(fault.code) };
    case "cut":
    case "reset":
    case "stall":
      return breakEffects(fault, request);
    case "flip": {
      const { at, during } = fault;
      if (during === "request") {
        return { request: (body) => flipped(body, positionIn(lengthOf(request), at)) };
      }
      return { response: (body, length) => flipped(body, positionIn(length, at)) };
    }
  }
}

/** Operations that may return 200 before they finish. */
export function mayFailLate(operation: OperationName): boolean {
  return ["CompleteMultipartUpload", "CopyObject", "UploadPartCopy"].includes(operation);
}

function breakEffects(fault: S3Fault & { kind: BreakKind }, request: S3Request): FaultEffects {
  const { kind } = fault;
  if (fault.during === "answer") return { breakBefore: kind };
  if (fault.during === "response") {
    const { after } = fault;
    return {
      breakAfter: kind,
      response: (body, length) => firstOf(body, positionIn(length, after)),
    };
  }
  const position = positionIn(lengthOf(request), fault.after);
  const broken = new S3Error("IncompleteBody", "The connection broke because of an injected fault");
  if (position === 0) return { breakBefore: kind, instead: broken };
  return { breakBefore: kind, request: (body) => brokenAfter(body, position, broken) };
}

function errorOf(code: S3Error["code"], retryAfter?: number): S3Error {
  return new S3Error(code, "This error is an injected fault", {
    headers: {
      ...(retryAfter !== undefined && { "Retry-After": `${retryAfter}` }),
      ...(code === "RequestTimeout" && { Connection: "close" }),
    },
  });
}

/** The length of the encoded body; undefined if unknown. */
function lengthOf({ headers }: S3Request): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

async function* firstOf(body: Body, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  if (left === 0) return;
  for await (const chunk of body) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    yield part;
    if (left === 0) return;
  }
}

async function* brokenAfter(
  body: Body,
  length: number,
  broken: S3Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* firstOf(body, length);
  throw broken;
}
