import { ImageError } from "@drayage/core";

/** The error for an invalid configuration file. No default replaces its content. */
export function confError(file: string, problem: string, cause?: unknown): ImageError {
  const message = `Invalid registries configuration ${file}: ${problem}`;
  return new ImageError("unsupported", message, cause === undefined ? {} : { cause });
}
