import { setTimeout as delay } from "node:timers/promises";

import { isImageError } from "@drayage/core";

import type { RetryFlags } from "../flags/retry-flags.ts";
import { lineOf } from "./failure.ts";
import { logMessage } from "./standard-streams.ts";

/** Retries the whole operation after a temporary failure. Transports retry single requests themselves. */
export async function withRetries<Result>(
  { retryTimes = 0, retryDelay }: RetryFlags,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const mayPass = isImageError(error) && error.retryable && !signal.aborted;
      if (!mayPass || attempt > retryTimes) throw error;
      const delayTime = retryDelay ?? 1000 * 2 ** (attempt - 1);
      logMessage(
        lineOf(`${error.message}; retrying in ${delayTime / 1000} s (${attempt} of ${retryTimes})`),
      );
      await delay(delayTime, undefined, { signal });
    }
  }
}
