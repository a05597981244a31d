/** More than this at once nobody asks anyway. */
const most = 128;

/**
 * How many requests go to a store at once: as many as want to; half of them once it said that it is busy, and with each
 * that it answers a little more again.
 */
export class Pace {
  #limit = most;
  #underWay = 0;
  #isResting = false;
  readonly #waiting = new Set<() => void>();

  /** Waits for its turn; `end` comes after it. @throws an abort's own reason */
  async begin(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (this.#isResting || this.#free <= 0) {
      await this.#turn(signal);
      signal?.throwIfAborted();
    }
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
    this.#wake();
  }

  /** The store did what it was asked for. */
  quicken(): void {
    this.#limit = Math.min(most, this.#limit + 1 / this.#limit);
  }

  /** It is busy: nobody asks until then. Those that are told so together count once. */
  slowDown(until: Promise<unknown>): void {
    if (this.#isResting) return;
    this.#isResting = true;
    this.#limit = Math.max(1, Math.min(this.#limit, this.#underWay) / 2);
    const over = (): void => {
      this.#isResting = false;
      this.#wake();
    };
    until.then(over, over);
  }

  get #free(): number {
    return Math.floor(this.#limit) - this.#underWay;
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    this.#waiting.add(resolve);
    signal?.addEventListener("abort", stop, { once: true });
    await promise;
    this.#waiting.delete(resolve);
    signal?.removeEventListener("abort", stop);
  }

  #wake(): void {
    if (this.#isResting) return;
    for (const resolve of [...this.#waiting].slice(0, Math.max(this.#free, 0))) resolve();
  }
}
