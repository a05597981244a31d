/** An invalid command line. The message names the correct form. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Standard output is for an archive or a report, so that no event may be written to it. */
export class StandardOutputError extends UsageError {}
