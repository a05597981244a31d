import { UsageError } from "../flags/usage-error.ts";
import { Interrupted } from "../process/interruption.ts";
import { plainJSON } from "../process/json-text.ts";
import type { ProgressKind } from "./progress-view.ts";

/** Runs the work. If it fails, the last event of `--progress=json` is `error`. Usage errors have no events. */
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
      process.stdout.write(`${plainJSON({ kind: "error", error: eventOf(failure) })}\n`);
    throw error;
  }
}

function eventOf(failure: unknown): { readonly code?: unknown; readonly message: string } {
  if (!(failure instanceof Error)) return { message: String(failure) };
  const { message } = failure;
  if (failure instanceof Interrupted) return { code: "interrupted", message };
  return "code" in failure ? { code: failure.code, message } : { message };
}
