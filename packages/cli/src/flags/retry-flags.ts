import type { Command } from "commander";

import { parseCount, parseDuration } from "./flag-values.ts";

export interface RetryFlags {
  readonly retryTimes?: number;
  /** Milliseconds. */
  readonly retryDelay?: number;
}

export function addRetryFlags(command: Command): void {
  command
    .option("--retry-times <n>", "how often to retry after a temporary failure", parseCount)
    .option(
      "--retry-delay <duration>",
      "delay between retries (default: 1s, doubled each time)",
      parseDuration,
    );
}
