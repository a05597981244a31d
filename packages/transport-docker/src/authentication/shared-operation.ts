import { untilAborted } from "@drayage/transport-kit/wire";

/** An operation with several waiting callers. It is aborted once all of them have aborted. */
export class SharedOperation<Value> {
  readonly result: Promise<Value>;
  readonly #controller = new AbortController();
  #waiting = 0;

  constructor(operation: (signal: AbortSignal) => Promise<Value>) {
    this.result = operation(this.#controller.signal);
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Waits for the result. @throws the reason of an abort */
  async wait(signal: AbortSignal | undefined): Promise<Value> {
    this.#waiting++;
    try {
      return await untilAborted(this.result, signal);
    } catch (error) {
      if (this.#waiting === 1) this.#controller.abort(error);
      throw error;
    } finally {
      this.#waiting--;
    }
  }
}
