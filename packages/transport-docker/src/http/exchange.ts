import type { Dispatcher } from "undici";

import type { HTTPResponse } from "./http-exchange.ts";
import type { ReceiveBuffers } from "./receive-buffers.ts";
import { ResponseBody } from "./response-body.ts";

/** A response with its body stream. */
export type ReceivedResponse = Pick<HTTPResponse, "status" | "headers"> & {
  readonly body: ResponseBody;
};

/** Settings of one request. */
export interface ExchangeSettings {
  readonly buffers: ReceiveBuffers;
  readonly signal: AbortSignal | undefined;
  /** As in `ReceivedChunksSettings`. */
  readonly slowTimeout: number;
}

/** The maximum number of 1xx responses before a response. */
const maxInformational = 32;

/** Sends one request. An abort takes effect at once, also while connecting. @throws the error of undici; the reason of an abort */
export async function exchange(
  agent: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { buffers, signal, slowTimeout }: ExchangeSettings,
): Promise<ReceivedResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedResponse>();
  let started: Dispatcher.DispatchController | undefined;
  let informational = 0;
  let body: ResponseBody | undefined;
  const abort = (): void => {
    const reason = signal?.reason as Error;
    started?.abort(reason);
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
      started = controller;
      if (signal?.aborted) abort();
    },
    onResponseStart(controller, status, headers) {
      if (status < 200) {
        if (++informational > maxInformational) controller.abort(new TooManyInformational());
        return;
      }
      body = new ResponseBody(controller, buffers, slowTimeout);
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

class TooManyInformational extends Error {
  readonly code = "ERR_TOO_MANY_1XX";

  constructor() {
    super(`more than ${maxInformational} responses with a status of 1xx`);
  }
}
