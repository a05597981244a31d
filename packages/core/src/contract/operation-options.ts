import type { Notice } from "./notice.ts";
import type { Retries } from "./retries.ts";

/** Given, last, to every operation that may wait; whoever passes work on passes all of it along. */
export interface OperationOptions {
  /** An abort ends the operation; its reason passes through untouched. */
  readonly signal?: AbortSignal | undefined;
  /** Decides what is tried again, for all that belongs together. Default: a `Retries` for this operation alone. */
  readonly retries?: Retries | undefined;
  /** Told what somebody may want to know although it went well. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
}
