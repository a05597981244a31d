/** An invalid command line. The message names the correct form. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
