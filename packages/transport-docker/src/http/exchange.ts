import type { Dispatcher } from "undici";

import type { HTTPResponse } from "./http-exchange.ts";
import type { ReceiveBuffers } from "./receive-buffers.ts";
import { ReceivedBody } from "./received-body.ts";

/** The beginning of an answer, and its body as it comes. */
export type ReceivedAnswer = Pick<HTTPResponse, "status" | "headers"> & {
  readonly body: ReceivedBody;
};

/** Sends one request. @throws what undici throws, or the reason of the signal */
export async function exchange(
  agent: Dispatcher,
  request: Dispatcher.DispatchOptions,
  buffers: ReceiveBuffers,
  signal: AbortSignal | undefined,
): Promise<ReceivedAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedAnswer>();
  let abort = (): void => {};
  let body: ReceivedBody | undefined;
  const end = (failure?: Error): void => {
    signal?.removeEventListener("abort", abort);
    body?.end(failure);
  };
  agent.dispatch(request, {
    onRequestStart(controller) {
      abort = () => controller.abort(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    },
    onResponseStart(controller, status, headers) {
      // 100 Continue and its kind
      if (status < 200) return;
      body = new ReceivedBody(controller, buffers);
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
