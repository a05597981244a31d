import { setTimeout as delay } from "node:timers/promises";

import { isImageError } from "@drayage/core";

import type { RetryFlags } from "../flags/retry-flags.ts";
import { lineOf } from "./failure.ts";
import { say } from "./standard-streams.ts";

/** The whole work again after a failure that may pass; what the transports try again themselves comes before that. */
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
      const pause = retryDelay ?? 1000 * 2 ** (attempt - 1);
      say(lineOf(`${error.message}; again in ${pause / 1000} s (${attempt} of ${retryTimes})`));
      await delay(pause, undefined, { signal });
    }
  }
}
