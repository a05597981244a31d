import { Budget } from "./budget.ts";

/** Memory that is somebody's until it is disposed of. */
export interface HeldMemory extends Disposable {
  readonly buffer: Uint8Array;
}

/** Memory for parts. Those of the usual size are used again, unless the collector of garbage came by when nobody had them. */
export class PartMemory {
  readonly #partSize: number;
  readonly #budget: Budget;
  readonly #free: WeakRef<Uint8Array>[] = [];

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
    const isUsual = size === this.#partSize;
    const buffer = (isUsual && this.#used()) || Buffer.allocUnsafeSlow(size);
    let isHeld = true;
    return {
      buffer,
      [Symbol.dispose]: () => {
        if (isHeld && isUsual) this.#free.push(new WeakRef(buffer));
        isHeld = false;
        taken[Symbol.dispose]();
      },
    };
  }

  #used(): Uint8Array | undefined {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      const buffer = free.deref();
      if (buffer !== undefined) return buffer;
    }
    return undefined;
  }
}
