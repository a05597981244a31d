import { UsageError } from "../../../flags/usage-error.ts";

/** The error for a template that cannot be parsed. `action` is the text between the braces. */
export function invalid(action: string, reason: string): UsageError {
  return new UsageError(`The template action {{${action.trim()}}} is invalid: ${reason}`);
}

/** The error for a template that cannot be executed with this data. */
export function failed(action: string, reason: string): UsageError {
  return new UsageError(`The template action {{${action.trim()}}} fails: ${reason}`);
}
