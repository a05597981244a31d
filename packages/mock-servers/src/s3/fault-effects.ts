import type { BreakKind } from "../faults/fault.ts";
import { flipped, positionIn } from "../faults/interference.ts";
import { S3Refusal } from "./refusal.ts";
import type { S3Fault } from "./s3-fault.ts";
import type { OperationName } from "./s3-log.ts";
import type { S3Request } from "./s3-request.ts";

/** What is done to one exchange with an S3. */
export interface FaultEffects {
  /** Said instead of doing anything. */
  readonly instead?: S3Refusal;
  /** The same, behind a status of 200. */
  readonly late?: S3Refusal;
  readonly request?: (body: Body) => Body;
  readonly response?: (body: Body, length: number) => Body;
  /** The connection ends before anything is said. */
  readonly breakBefore?: BreakKind;
  /** It ends where `response` ends. */
  readonly breakAfter?: BreakKind;
}

type Body = AsyncIterable<Uint8Array>;

/** Turns the description of a fault into what is done. */
export function faultEffects(
  fault: S3Fault,
  request: S3Request,
  operation: OperationName,
): FaultEffects {
  switch (fault.kind) {
    case "error":
      return { instead: refusalOf(fault.code, fault.retryAfter) };
    case "late-error":
      return { [mayFailLate(operation) ? "late" : "instead"]: refusalOf(fault.code) };
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

/** Those that may answer 200 before they are done. */
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
  const broken = new S3Refusal("IncompleteBody", "The connection broke, as a test had planned");
  if (position === 0) return { breakBefore: kind, instead: broken };
  return { breakBefore: kind, request: (body) => brokenAfter(body, position, broken) };
}

function refusalOf(code: S3Refusal["code"], retryAfter?: number): S3Refusal {
  return new S3Refusal(code, "A test had planned this", {
    headers: {
      ...(retryAfter !== undefined && { "Retry-After": `${retryAfter}` }),
      ...(code === "RequestTimeout" && { Connection: "close" }),
    },
  });
}

/** Of the body as it comes over the wire; undefined where that is not said. */
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
  broken: S3Refusal,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* firstOf(body, length);
  throw broken;
}
