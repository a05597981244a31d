import { once } from "node:events";
import { request as send } from "node:http";
import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";

import type { Answer } from "@drayage/registry/http";

import { breakConnection, flow } from "./connection-limits.ts";
import type { ByteLimits } from "./connection-limits.ts";
import { positionIn } from "./fault-effects.ts";
import type { FaultEffects, PassingAnswer } from "./fault-effects.ts";
import type { BreakKind } from "./fault.ts";
import type { OpenTransferCounts } from "./proxied-request.ts";

/** A request to forward, and the faults to apply. */
export interface Forwarding {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** The URL to forward to. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Translates a response header for the client. Names are in lower case. */
  readonly translated: (name: string, value: string) => string;
  readonly effects: FaultEffects;
  /** The remaining body bytes of the connection. */
  readonly room: ByteLimits;
  /** Counts the transferred bytes. */
  readonly passed: OpenTransferCounts;
}

/** Forwards a request and its response. @throws if a connection breaks unintentionally */
export async function forward(passage: Forwarding): Promise<void> {
  const { incoming, effects } = passage;
  const answer = effects.instead ?? (await exchange(passage));
  if (answer === undefined) return;
  await sendAnswer(passage, answer);
  // Reads the rest of an unused body, so that the connection can be used for the next request.
  incoming.resume();
}

/** The response, which may arrive before the request is sent completely. undefined if the connection broke first. */
async function exchange(passage: Forwarding): Promise<Answer | undefined> {
  const { incoming, response, url, headers, effects } = passage;
  const { connection: _, host: __, authorization, ...passedOn } = headers;
  const isNamed = authorization !== undefined && effects.isAnonymous !== true;
  const far = send(url, {
    method: incoming.method ?? "GET",
    headers: { ...passedOn, ...(isNamed && { authorization }) },
    agent: false,
  });
  const answered = once(far, "response").then(([answer]) => answer as IncomingMessage);
  far.on("error", () => {});
  response.on("close", () => far.destroy());
  const sent = sendRequest(passage, far).catch(() => true);
  const unlessBroken = sent.then(async (isWhole) => (isWhole ? answered : undefined));
  const incomingAnswer = await Promise.race([answered, unlessBroken]);
  if (incomingAnswer === undefined) return undefined;
  const answer = passing(incomingAnswer, passage);
  if (effects.breaks?.during !== "answer") return effects.answer?.(answer) ?? answer;
  incomingAnswer.resume();
  await end(passage, effects.breaks.kind);
  return undefined;
}

/** Returns false if the connection broke. */
async function sendRequest(passage: Forwarding, far: ClientRequest): Promise<boolean> {
  const { incoming, effects, room, passed } = passage;
  const length = lengthOf(incoming, 0);
  const body: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  const changed = effects.request?.(body, length) ?? body;
  const { kind, after } = breakOf(passage, "request", length);
  const isWhole = await flow(changed, far, after, (bytes) => {
    passed.requestBytes += bytes;
    room.request -= bytes;
  });
  if (isWhole) far.end();
  else {
    if (kind !== "stall") await hangUp(far);
    await end(passage, kind);
  }
  return isWhole;
}

/** Closes the connection after sending everything. */
async function hangUp(far: ClientRequest): Promise<void> {
  const socket = far.socket ?? ((await once(far, "socket")) as [Socket])[0];
  socket.destroySoon();
  if (!socket.closed) await once(socket, "close");
}

async function sendAnswer(passage: Forwarding, { status, headers, body }: Answer): Promise<void> {
  const { incoming, response, room, passed } = passage;
  const bytes = typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array(0));
  const isWhole = bytes instanceof Uint8Array;
  const all: Record<string, string> = {
    ...(isWhole && { "content-length": `${bytes.byteLength}` }),
    ...headers,
  };
  const announced = lengthOf({ headers: all }, undefined);
  const { kind, after } = breakOf(passage, "response", announced);
  passed.status = status;
  response.writeHead(status, all).flushHeaders();
  const stream = isWhole ? Readable.from([bytes]) : bytes;
  const isSent = await flow(stream, response, after, (count) => {
    passed.responseBytes += count;
    room.response -= count;
  });
  if (!isSent) return end(passage, kind);
  response.end();
  const isAsAnnounced = announced === undefined || announced === passed.responseBytes;
  if (incoming.method !== "HEAD" && !isAsAnnounced) await end(passage, "cut");
}

function passing(answer: IncomingMessage, { translated }: Forwarding): PassingAnswer {
  const headers = Object.entries(answer.headers).flatMap(([name, value]) => {
    if (value === undefined || ofConnection.has(name)) return [];
    return [[name, translated(name, Array.isArray(value) ? value.join(", ") : value)] as const];
  });
  return {
    status: answer.statusCode ?? 502,
    headers: Object.fromEntries(headers),
    body: answer,
    length: lengthOf(answer, undefined),
  };
}

/** Hop-by-hop headers (RFC 9110, section 7.6.1). */
const ofConnection: ReadonlySet<string> = new Set(["connection", "keep-alive"]);

function breakOf(
  { effects: { breaks }, room }: Forwarding,
  during: "request" | "response",
  length: number | undefined,
): { readonly kind: BreakKind; readonly after: number } {
  const atCut = { kind: "cut", after: room[during] } as const;
  if (breaks?.during !== during) return atCut;
  const after = positionIn(length, breaks.after);
  return after < room[during] ? { kind: breaks.kind, after } : atCut;
}

function lengthOf<Unannounced>(
  {
    headers,
  }: { readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> },
  unannounced: Unannounced,
): number | Unannounced | undefined {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  if (length !== undefined) return Number(length);
  return encoding === undefined ? unannounced : undefined;
}

async function end({ incoming, passed }: Forwarding, kind: BreakKind): Promise<void> {
  passed.isBroken = true;
  await breakConnection(incoming.socket, kind);
}
