import type { Answer } from "@drayage/registry/http";

import type { BreakKind, Fault, RetryAfter } from "./fault.ts";

/** The changes that a fault makes to one exchange. */
export interface FaultEffects {
  /** The response to send without forwarding the request. */
  readonly instead?: Answer;
  /** Whether to remove the credentials of the request. */
  readonly isAnonymous?: boolean;
  readonly request?: BodyChange;
  readonly answer?: (answer: PassingAnswer) => Answer;
  readonly breaks?: Break;
}

/** Where and how the connection to the client breaks. The position may exceed the length of the body. */
interface Break {
  readonly kind: BreakKind;
  readonly during: "request" | "answer" | "response";
  readonly after: number;
}

/** `length` is undefined if it is not known in advance. */
type BodyChange = (body: Body, length: number | undefined) => Body;

type Body = AsyncIterable<Uint8Array>;

/** A response of the server. Header names are in lower case. */
export interface PassingAnswer extends Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly length: number | undefined;
}

/** The other addresses that a `Location` can have. */
export interface Addresses {
  /** An external URL for a path and query of the server. */
  readonly external: (address: string) => string;
  /** The URL of the request at the proxy. */
  readonly url: URL;
}

/** The effects of a fault. */
export function faultEffects(fault: Fault, addresses: Addresses): FaultEffects {
  switch (fault.kind) {
    case "cut":
    case "reset":
    case "stall":
      return { breaks: { after: 0, ...fault } };
    case "error-response":
      return { instead: errorResponse(fault.status, fault.retryAfter) };
    case "lost-upload":
      return { instead: uploadUnknown };
    case "expired-token":
      return { isAnonymous: true };
    case "flip":
      return flip(fault.during, fault.at);
    case "truncation":
      return { answer: (answer) => truncated(answer, fault.after) };
    case "wrong-length":
      return { answer: (answer) => withLength(answer, fault.by) };
    case "location":
      return { answer: (answer) => relocated(answer, fault.as, addresses) };
    case "redirect":
      return { answer: (answer) => redirected(answer, addresses) };
  }
}

/** A position in a body, modulo its length. */
export function positionIn(length: number | undefined, position: number): number {
  if (length === undefined) return position;
  return length === 0 ? 0 : position % length;
}

/** The response of a registry for an unknown upload. */
export const uploadUnknown: Answer = {
  status: 404,
  headers: { "content-type": "application/json" },
  body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"blob upload unknown to registry"}]}',
};

function errorResponse(status: number, retryAfter: RetryAfter | undefined): Answer {
  const headers = retryAfter && { "retry-after": formatRetryAfter(retryAfter) };
  return { status, headers, body: "" };
}

function formatRetryAfter({ seconds, as }: RetryAfter): string {
  return as === "seconds" ? `${seconds}` : new Date(Date.now() + seconds * 1000).toUTCString();
}

function flip(during: "request" | "response", at: number): FaultEffects {
  const change: BodyChange = (body, length) => flipped(body, positionIn(length, at));
  if (during === "request") return { request: change };
  return { answer: (answer) => ({ ...answer, body: change(answer.body, answer.length) }) };
}

/** Flips the lowest bit of the byte at this position. */
export async function* flipped(
  body: Body,
  at: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = at;
  for await (const chunk of body) {
    const isHere = left >= 0 && left < chunk.byteLength;
    yield isHere ? chunk.map((byte, index) => (index === left ? byte ^ 1 : byte)) : chunk;
    left -= chunk.byteLength;
  }
}

function truncated(answer: PassingAnswer, after: number): Answer {
  const length = positionIn(answer.length, after);
  const headers = { ...answer.headers, "content-length": `${length}` };
  return { ...answer, headers, body: firstOf(answer.body, length) };
}

async function* firstOf(body: Body, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  for await (const chunk of body) {
    if (left > 0) yield chunk.subarray(0, left);
    left -= chunk.byteLength;
  }
}

function withLength({ length, ...answer }: PassingAnswer, by: number): Answer {
  const headers = { ...answer.headers, "content-length": `${Math.max((length ?? 0) + by, 0)}` };
  return { ...answer, headers };
}

function relocated(
  answer: PassingAnswer,
  as: "relative" | "absolute" | "external",
  addresses: Addresses,
): Answer {
  const { location } = answer.headers;
  if (location === undefined) return answer;
  const to = new URL(location, addresses.url);
  return { ...answer, headers: { ...answer.headers, location: written(to, as, addresses) } };
}

function written(to: URL, as: "relative" | "absolute" | "external", addresses: Addresses): string {
  switch (as) {
    case "absolute":
      return to.href;
    case "external":
      return addresses.external(to.pathname + to.search);
    case "relative": {
      const folder = addresses.url.pathname.replace(/[^/]*$/, "");
      const address = to.pathname + to.search;
      return address.startsWith(folder) ? `./${address.slice(folder.length)}` : address;
    }
  }
}

/** Redirects only successful responses. */
function redirected(answer: PassingAnswer, { url, external }: Addresses): Answer {
  if (answer.status !== 200 && answer.status !== 206) return answer;
  return { status: 307, headers: { location: external(url.pathname + url.search) } };
}
