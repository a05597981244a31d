import { CommanderError } from "commander";

import { StandardOutputError, UsageError } from "../flags/usage-error.ts";
import { Interrupted } from "../process/interruption.ts";
import { plainJSON } from "../process/json-text.ts";
import { withoutSettings } from "../process/setting-names.ts";
import type { ProgressKind } from "./progress-view.ts";

/**
 * Runs the work. If it fails, the last event of `--progress=json` is `error`. That of an invalid command line is written
 * by `runCommandLine`.
 */
export async function withErrorEvent<Result>(
  progress: ProgressKind,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const failure: unknown = signal.aborted ? signal.reason : error;
    if (progress === "json" && !(failure instanceof UsageError))
      process.stdout.write(lineOf(eventOf(failure)));
    throw error;
  }
}

/** The line of `--progress=json` for an invalid command line; undefined for other failures. */
export function usageEvent(failure: unknown, description: string): string | undefined {
  if (!(failure instanceof UsageError) && !(failure instanceof CommanderError)) return undefined;
  if (failure instanceof StandardOutputError) return undefined;
  const [line = ""] = description.split("\n");
  return lineOf({ code: "usage", message: line.slice("drayage: ".length) });
}

function lineOf(error: ErrorOfEvent): string {
  return `${plainJSON({ kind: "error", error })}\n`;
}

interface ErrorOfEvent {
  readonly code?: unknown;
  readonly message: string;
}

function eventOf(failure: unknown): ErrorOfEvent {
  if (!(failure instanceof Error)) return { message: String(failure) };
  const message = withoutSettings(failure.message);
  if (failure instanceof Interrupted) return { code: "interrupted", message };
  return "code" in failure ? { code: failure.code, message } : { message };
}
