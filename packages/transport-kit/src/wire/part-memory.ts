import { MemoryLimit } from "./memory-limit.ts";

/** Memory that its holder may use until it is disposed of. */
export interface HeldMemory extends Disposable {
  readonly buffer: Uint8Array;
}

/** A block of memory that is allotted from its start, and again from there when no part of it is in use. */
interface Slab {
  readonly memory: Uint8Array;
  given: number;
  holders: number;
}

/** Memory for parts of blobs, reused as long as the garbage collector does not find a block without a user. */
export class PartMemory {
  readonly #partSize: number;
  readonly #limit: MemoryLimit;
  #slabs: readonly WeakRef<Slab>[] = [];

  /** For `count` parts of the default size; smaller parts share the memory of one. */
  constructor(partSize: number, count: number) {
    this.#partSize = partSize;
    this.#limit = new MemoryLimit(partSize * count);
  }

  /** Waits for memory. @throws the reason of an abort */
  async take(size: number, signal?: AbortSignal): Promise<HeldMemory> {
    return this.#given(size, await this.#limit.take(size, signal));
  }

  /** The same without waiting; undefined if it would have to wait. */
  tryTake(size: number): HeldMemory | undefined {
    const taken = this.#limit.tryTake(size);
    return taken && this.#given(size, taken);
  }

  /** Whether that many bytes are available without waiting. */
  hasRoom(size: number): boolean {
    return this.#limit.hasRoom(size);
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
