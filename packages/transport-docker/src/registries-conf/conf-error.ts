import { ImageError } from "@drayage/core";

/** A configuration file that cannot be followed: nothing is guessed in its place. */
export function confError(file: string, problem: string, cause?: unknown): ImageError {
  const message = `The configuration of registries ${file} is of no use: ${problem}`;
  return new ImageError("unsupported", message, cause === undefined ? {} : { cause });
}
