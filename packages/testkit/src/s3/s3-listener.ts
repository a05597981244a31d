import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { positionIn } from "../faults/interference.ts";
import { breakOff } from "../faults/line.ts";
import type { Answer } from "../registry/exchange.ts";
import { mayFailLate } from "./chosen-s3-faults.ts";
import { bodyWithin, flippedAt } from "./faulty-body.ts";
import { answerOf, errorDocument, S3Refusal } from "./refusal.ts";
import type { S3Fault } from "./s3-fault.ts";
import { newLogEntry } from "./s3-log.ts";
import type { LoggedS3Request, OpenS3LogEntry } from "./s3-log.ts";
import { parseRequest } from "./s3-request.ts";
import type { S3Router } from "./s3-router.ts";

/** Logs each request, lets faults befall it, and turns refusals into answers. */
export function s3Listener(router: S3Router, log: LoggedS3Request[]): RequestListener {
  return (incoming, response) => {
    // Only a connection that broke off can fail here: nobody is left to be told.
    exchange(incoming, response).catch(() => incoming.socket.destroy());
  };

  async function exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry = newLogEntry(incoming.method ?? "");
    log.push(entry);
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    const { answer, fault } = await answered(incoming, entry, requestId);
    const breaks =
      fault !== undefined && "during" in fault && fault.kind !== "flip" ? fault : undefined;
    if (breaks !== undefined && breaks.during !== "response") {
      return breakOff(incoming.socket, breaks.kind);
    }
    if (incoming.socket.destroyed) return;
    entry.status = answer.status;
    await send(answer, fault, response, entry, requestId);
    // The rest of a body that was refused: what follows it on this connection is the next request.
    incoming.resume();
  }

  async function answered(
    incoming: IncomingMessage,
    entry: OpenS3LogEntry,
    requestId: string,
  ): Promise<{ readonly answer: Answer; readonly fault?: S3Fault | undefined }> {
    let fault: S3Fault | undefined;
    try {
      const request = parseRequest(
        incoming,
        wireBody(incoming, entry, () => fault),
      );
      Object.assign(entry, loggedPart(request));
      const operation = router.operationOf(request);
      Object.assign(entry, { operation: operation.name, price: operation.price });
      fault = router.faultOf(request, operation);
      entry.isFaulty = fault !== undefined;
      if (fault?.kind === "error" || fault?.kind === "late-error") {
        return { answer: faultAnswer(fault, operation.name, entry, requestId), fault };
      }
      return { answer: await router.answer(request, operation), fault };
    } catch (error) {
      return { answer: refused(error, entry, requestId), fault };
    }
  }
}

function refused(error: unknown, entry: OpenS3LogEntry, requestId: string): Answer {
  const refusal =
    error instanceof S3Refusal ? error : new S3Refusal("InternalError", String(error));
  entry.code = refusal.code;
  return answerOf(refusal, requestId);
}

function faultAnswer(
  fault: S3Fault & { kind: "error" | "late-error" },
  ...[operation, entry, requestId]: [
    NonNullable<LoggedS3Request["operation"]>,
    OpenS3LogEntry,
    string,
  ]
): Answer {
  const { code } = fault;
  const retryAfter = fault.kind === "error" ? fault.retryAfter : undefined;
  const refusal = new S3Refusal(code, "This was planned by a test", {
    headers: {
      ...(retryAfter !== undefined && { "Retry-After": `${retryAfter}` }),
      ...(code === "RequestTimeout" && { Connection: "close" }),
    },
  });
  entry.code = code;
  if (fault.kind === "error" || !mayFailLate(operation)) return answerOf(refusal, requestId);
  return {
    status: 200,
    headers: { "Content-Type": "application/xml" },
    body: errorDocument(refusal, requestId),
  };
}

function loggedPart({
  bucket,
  key,
  query,
}: ReturnType<typeof parseRequest>): Partial<OpenS3LogEntry> {
  const shown = [...query].filter(([name]) => !/^X-Amz-/i.test(name));
  return { bucket, key, query: new URLSearchParams(shown).toString() };
}

/** Leaving the loop early keeps the connection, over which the reason is still to be told. */
async function* wireBody(
  incoming: IncomingMessage,
  entry: OpenS3LogEntry,
  faultOf: () => S3Fault | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fault = faultOf();
  const length = incoming.headers["content-length"];
  const position = (at: number): number =>
    positionIn(length === undefined ? undefined : Number(length), at);
  let body: AsyncIterable<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
  if (fault?.kind === "flip" && fault.during === "request") {
    body = flippedAt(body, position(fault.at));
  } else if (fault !== undefined && "after" in fault && fault.during === "request") {
    body = bodyWithin(body, position(fault.after));
  }
  for await (const chunk of body) {
    entry.requestBytes += chunk.byteLength;
    yield chunk;
  }
}

async function send(
  { status, headers, body }: Answer,
  fault: S3Fault | undefined,
  response: ServerResponse,
  entry: OpenS3LogEntry,
  requestId: string,
): Promise<void> {
  const right = typeof body === "string" ? Buffer.from(body) : body;
  const allHeaders: Record<string, string> = {
    ...(status !== 204 && status !== 304 && { "Content-Length": `${lengthOf(right)}` }),
    "x-amz-request-id": requestId,
    "x-amz-id-2": requestId,
    Server: "AmazonS3",
    ...headers,
  };
  const { socket } = response;
  response.writeHead(status, allHeaders);
  if (entry.method === "HEAD" || right === undefined) return void response.end();
  const length = Number(allHeaders["Content-Length"]);
  const stream = right instanceof Uint8Array ? Readable.from([right]) : right;
  const breaks =
    fault !== undefined && "after" in fault && fault.during === "response" ? fault : undefined;
  const most = breaks === undefined ? Infinity : positionIn(length, breaks.after);
  const isFlipped = fault?.kind === "flip" && fault.during === "response";
  const bytes = isFlipped ? flippedAt(stream, positionIn(length, fault.at)) : stream;
  await pipeline(sent(bytes, most, entry), response, { end: breaks === undefined });
  if (breaks !== undefined && socket !== null) await breakOff(socket, breaks.kind);
}

function lengthOf(body: Exclude<Answer["body"], string>): number {
  return body instanceof Uint8Array ? body.byteLength : 0;
}

async function* sent(
  bytes: AsyncIterable<Uint8Array>,
  most: number,
  entry: OpenS3LogEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = most;
  for await (const chunk of bytes) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    entry.responseBytes += part.byteLength;
    if (part.byteLength > 0) yield part;
    if (left <= 0) return;
  }
}
