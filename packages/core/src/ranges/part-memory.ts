import { Budget } from "./budget.ts";

/** Memory that is somebody's until it is disposed of. */
export interface HeldMemory extends Disposable {
  readonly buffer: Uint8Array;
}

/** Memory for parts. Those of the usual size are used again and again as long as any is, rather than left to the collector of garbage. */
export class PartMemory {
  readonly #partSize: number;
  readonly #budget: Budget;
  readonly #free: Uint8Array[] = [];
  #held = 0;

  /** For so many parts of the usual size. */
  constructor(partSize: number, count: number) {
    this.#partSize = partSize;
    this.#budget = new Budget(partSize * count);
  }

  /** Waits until there is so much. @throws an abort's own reason */
  async take(size: number, signal?: AbortSignal): Promise<HeldMemory> {
    return this.#given(size, await this.#budget.take(size, signal));
  }

  /** The same where it need not be waited for, or undefined. */
  tryTake(size: number): HeldMemory | undefined {
    const taken = this.#budget.tryTake(size);
    return taken && this.#given(size, taken);
  }

  /** Whether nobody would have to wait for so much. */
  hasRoom(size: number): boolean {
    return this.#budget.hasRoom(size);
  }

  #given(size: number, taken: Disposable): HeldMemory {
    const buffer = (size === this.#partSize && this.#free.pop()) || Buffer.allocUnsafeSlow(size);
    let isHeld = true;
    this.#held++;
    return {
      buffer,
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#held--;
        if (size === this.#partSize) this.#free.push(buffer);
        if (this.#held === 0) this.#free.length = 0;
        taken[Symbol.dispose]();
      },
    };
  }
}
