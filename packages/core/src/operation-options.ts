/** Given, last, to every operation that may wait. */
export interface OperationOptions {
  /** An abort ends the operation; its reason passes through untouched. */
  readonly signal?: AbortSignal | undefined;
}
