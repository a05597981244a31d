import type { Dispatcher } from "undici";

import type { HTTPResponse } from "./http-exchange.ts";
import type { ReceiveBuffers } from "./receive-buffers.ts";
import { ReceivedBody } from "./received-body.ts";

/** The beginning of an answer, and its body as it comes. */
export type ReceivedAnswer = Pick<HTTPResponse, "status" | "headers"> & {
  readonly body: ReceivedBody;
};

/** How one request is sent. */
export interface ExchangeSettings {
  readonly buffers: ReceiveBuffers;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds that may be spent waiting for next to nothing of a body. */
  readonly patience: number;
}

/** Answers that announce another one (1xx) before it. */
const maxAnnouncements = 32;

/** Sends one request. An abort ends the waiting at once, also for a connection. @throws what undici throws, or the reason of the signal */
export async function exchange(
  agent: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { buffers, signal, patience }: ExchangeSettings,
): Promise<ReceivedAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedAnswer>();
  let begun: Dispatcher.DispatchController | undefined;
  let announcements = 0;
  let body: ReceivedBody | undefined;
  const abort = (): void => {
    const reason = signal?.reason as Error;
    begun?.abort(reason);
    body?.end(reason);
    reject(reason);
  };
  const end = (failure?: Error): void => {
    signal?.removeEventListener("abort", abort);
    body?.end(failure);
  };
  signal?.addEventListener("abort", abort, { once: true });
  agent.dispatch(request, {
    onRequestStart(controller) {
      begun = controller;
      if (signal?.aborted) abort();
    },
    onResponseStart(controller, status, headers) {
      // 100 Continue and its kind
      if (status < 200) {
        if (++announcements > maxAnnouncements) controller.abort(new TooManyAnnouncements());
        return;
      }
      body = new ReceivedBody(controller, buffers, patience);
      resolve({ status, headers, body });
    },
    onResponseData(_, chunk) {
      body?.add(chunk);
    },
    onResponseEnd: () => end(),
    onResponseError(_, error) {
      end(error);
      reject(error);
    },
  });
  return promise;
}

class TooManyAnnouncements extends Error {
  readonly code = "ERR_TOO_MANY_1XX";

  constructor() {
    super(`more than ${maxAnnouncements} answers with a status of 1xx`);
  }
}
