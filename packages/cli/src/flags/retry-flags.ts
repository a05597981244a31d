import type { Command } from "commander";

import { parseCount, parseDuration } from "./flag-values.ts";

export interface RetryFlags {
  readonly retryTimes?: number;
  /** Milliseconds. */
  readonly retryDelay?: number;
}

export function addRetryFlags(command: Command): void {
  command
    .option("--retry-times <n>", "begin again so often after a failure that may pass", parseCount)
    .option(
      "--retry-delay <duration>",
      "wait so long in between (default: 1s, twice as long each time)",
      parseDuration,
    );
}
