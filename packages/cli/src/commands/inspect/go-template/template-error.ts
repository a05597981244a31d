import { UsageError } from "../../../flags/usage-error.ts";

/** A template that cannot be read. `action` is what stands between the braces. */
export function notKnown(action: string, reason: string): UsageError {
  return new UsageError(`The template's {{${action.trim()}}} is not known here: ${reason}`);
}

/** A template that cannot be run with this data. */
export function failed(action: string, reason: string): UsageError {
  return new UsageError(`The template's {{${action.trim()}}} fails: ${reason}`);
}
