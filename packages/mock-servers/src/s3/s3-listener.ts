import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Answer } from "@drayage/registry/http";

import { breakConnection } from "../faults/connection-limits.ts";
import { faultEffects } from "./fault-effects.ts";
import type { FaultEffects } from "./fault-effects.ts";
import { answerOf, errorDocument, S3Error } from "./s3-error.ts";
import { newLogEntry } from "./s3-log.ts";
import type { LoggedS3Request, OpenS3LogEntry } from "./s3-log.ts";
import { parseRequest } from "./s3-request.ts";
import type { S3Request } from "./s3-request.ts";
import type { S3Router } from "./s3-router.ts";
import type { S3Moment } from "./s3-settings.ts";
import type { S3State } from "./s3-state.ts";

/** Logs each request, injects faults, and converts errors to responses. */
export function s3Listener(
  router: S3Router,
  log: LoggedS3Request[],
  { now, settings: { watch } }: Pick<S3State, "now" | "settings">,
): RequestListener {
  return (incoming, response) => {
    // Fails only if the connection broke, so there is no client to report to.
    exchange(incoming, response).catch(() => incoming.socket.destroy());
  };

  async function exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry = newLogEntry(incoming.method ?? "");
    log.push(entry);
    const tell = async (moment: S3Moment): Promise<void> => watch?.(entry, moment);
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    let effects: FaultEffects = {};
    const { answer, code } = await answered(async () => {
      const request = parseRequest(
        incoming,
        wireBody(incoming, entry, tell, () => effects),
      );
      Object.assign(entry, subjectOf(request));
      const operation = router.operationOf(request);
      Object.assign(entry, { operation: operation.name, price: operation.price });
      await tell("arrived");
      const fault = router.faultOf(request, operation);
      entry.isFaulty = fault !== undefined;
      effects = fault === undefined ? {} : faultEffects(fault, request, operation.name);
      if (effects.late !== undefined) return lateAnswer(effects.late, requestId);
      if (effects.instead !== undefined) throw effects.instead;
      const done = { answer: await router.answer(request, operation) };
      await tell("done");
      return done;
    }, requestId);
    const isBodiless = incoming.method === "HEAD" || answer.body === undefined;
    const breaks = effects.breakBefore ?? (isBodiless ? effects.breakAfter : undefined);
    if (breaks !== undefined) return breakConnection(incoming.socket, breaks);
    if (incoming.socket.destroyed) return;
    Object.assign(entry, { status: answer.status, code });
    const ofServer = {
      // Clients set their clocks by it.
      Date: now().toUTCString(),
      Server: "AmazonS3",
      "x-amz-request-id": requestId,
      "x-amz-id-2": requestId,
    };
    const whole = { ...answer, headers: { ...ofServer, ...answer.headers } };
    await send(whole, effects, response, entry);
    // Reads the rest of a rejected body, so that the connection can be used for the next request.
    incoming.resume();
  }
}

/** A response, with the code of an error response. */
interface Answered {
  readonly answer: Answer;
  readonly code?: string;
}

async function answered(work: () => Promise<Answered>, requestId: string): Promise<Answered> {
  try {
    return await work();
  } catch (error) {
    const failure = error instanceof S3Error ? error : new S3Error("InternalError", String(error));
    return { answer: answerOf(failure, requestId), code: failure.code };
  }
}

function lateAnswer(failure: S3Error, requestId: string): Answered {
  const headers = { "Content-Type": "application/xml" };
  const body = errorDocument(failure, requestId);
  return { answer: { status: 200, headers, body }, code: failure.code };
}

function subjectOf({ bucket, key, query }: S3Request): Partial<OpenS3LogEntry> {
  const shown = [...query].filter(([name]) => !/^X-Amz-/i.test(name));
  return { bucket, key, query: new URLSearchParams(shown).toString() };
}

/** Keeps the connection open if the loop ends early, because the response is still to be sent. */
async function* wireBody(
  incoming: IncomingMessage,
  entry: OpenS3LogEntry,
  tell: (moment: S3Moment) => Promise<void>,
  effects: () => FaultEffects,
): AsyncGenerator<Uint8Array, void, undefined> {
  const body: AsyncIterable<Uint8Array> = incoming.iterator({ destroyOnReturn: false });
  const half = Number(incoming.headers["content-length"]) / 2;
  for await (const chunk of effects().request?.(body) ?? body) {
    const isBefore = entry.requestBytes < half;
    entry.requestBytes += chunk.byteLength;
    if (isBefore && entry.requestBytes >= half) await tell("half-way");
    yield chunk;
  }
}

async function send(
  { status, headers, body }: Answer,
  effects: FaultEffects,
  response: ServerResponse,
  entry: OpenS3LogEntry,
): Promise<void> {
  const right = typeof body === "string" ? Buffer.from(body) : body;
  const allHeaders: Record<string, string> = {
    ...(status !== 204 && status !== 304 && { "Content-Length": `${lengthOf(right)}` }),
    ...headers,
  };
  const { socket } = response;
  response.writeHead(status, allHeaders);
  if (entry.method === "HEAD" || right === undefined) return void response.end();
  const stream = right instanceof Uint8Array ? Readable.from([right]) : right;
  const changed = effects.response?.(stream, Number(allHeaders["Content-Length"])) ?? stream;
  await pipeline(counted(changed, entry), response, { end: effects.breakAfter === undefined });
  if (effects.breakAfter !== undefined && socket !== null) {
    await breakConnection(socket, effects.breakAfter);
  }
}

function lengthOf(body: Exclude<Answer["body"], string>): number {
  return body instanceof Uint8Array ? body.byteLength : 0;
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  entry: OpenS3LogEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    entry.responseBytes += chunk.byteLength;
    yield chunk;
  }
}
