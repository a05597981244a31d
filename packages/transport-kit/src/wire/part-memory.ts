import { Budget } from "./budget.ts";

/** Memory that is somebody's until it is disposed of. */
export interface HeldMemory extends Disposable {
  readonly buffer: Uint8Array;
}

/** A piece of memory that is given out from its beginning on, and anew when nobody has any of it. */
interface Slab {
  readonly memory: Uint8Array;
  given: number;
  holders: number;
}

/** Memory for parts, used again and again, unless the collector of garbage comes by while nobody has any of a piece. */
export class PartMemory {
  readonly #partSize: number;
  readonly #budget: Budget;
  #slabs: readonly WeakRef<Slab>[] = [];

  /** For so many parts of the usual size; smaller ones share what is for one. */
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
    const slab = this.#slabWith(size);
    const buffer = slab.memory.subarray(slab.given, slab.given + size);
    slab.given += size;
    slab.holders++;
    let isHeld = true;
    return {
      buffer,
      [Symbol.dispose]: () => {
        if (isHeld && --slab.holders === 0) slab.given = 0;
        isHeld = false;
        taken[Symbol.dispose]();
      },
    };
  }

  #slabWith(size: number): Slab {
    const slabs = this.#slabs.map((slab) => slab.deref()).filter((slab) => slab !== undefined);
    const found = slabs.find(({ memory, given }) => given + size <= memory.byteLength);
    if (found !== undefined) return found;
    const memory = Buffer.allocUnsafeSlow(Math.max(size, this.#partSize));
    const slab = { memory, given: 0, holders: 0 };
    this.#slabs = [...slabs, slab].map((one) => new WeakRef(one));
    return slab;
  }
}
