import type { Notice } from "./notice.ts";
import type { Retries } from "./retries.ts";

/** The last parameter of every asynchronous operation. Functions pass all of it to the operations that they call. */
export interface OperationOptions {
  /** Aborts the operation, which then throws the reason unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Controls retries. Related operations share an instance. Default: an instance for this operation only. */
  readonly retries?: Retries | undefined;
  /** Receives messages that do not affect the result. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
}
