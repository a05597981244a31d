import { MemoryLimit } from "./memory-limit.ts";

/** Memory that is reserved until disposal. */
export interface HeldMemory extends Disposable {
  readonly buffer: Uint8Array;
}

/** A block of memory that is allocated from its start, and reused when no part is in use. */
interface Slab {
  readonly memory: Uint8Array;
  allocated: number;
  users: number;
}

/** Memory for parts of blobs. Unused blocks are reused until the garbage collector frees them. */
export class PartMemory {
  readonly #partSize: number;
  readonly #limit: MemoryLimit;
  #slabs: readonly WeakRef<Slab>[] = [];

  /** Limits the memory to `count` parts. Smaller parts share the memory of one. */
  constructor(partSize: number, count: number) {
    this.#partSize = partSize;
    this.#limit = new MemoryLimit(partSize * count);
  }

  /** Waits for memory. @throws the reason of an abort */
  async take(size: number, signal?: AbortSignal): Promise<HeldMemory> {
    return this.#allocate(size, await this.#limit.take(size, signal));
  }

  /** Like `take` without waiting; undefined if the memory is in use. */
  tryTake(size: number): HeldMemory | undefined {
    const taken = this.#limit.tryTake(size);
    return taken && this.#allocate(size, taken);
  }

  /** Whether this many bytes are available without waiting. */
  hasRoom(size: number): boolean {
    return this.#limit.hasRoom(size);
  }

  #allocate(size: number, taken: Disposable): HeldMemory {
    const slab = this.#slabWith(size);
    const buffer = slab.memory.subarray(slab.allocated, slab.allocated + size);
    slab.allocated += size;
    slab.users++;
    let isHeld = true;
    return {
      buffer,
      [Symbol.dispose]: () => {
        if (isHeld && --slab.users === 0) slab.allocated = 0;
        isHeld = false;
        taken[Symbol.dispose]();
      },
    };
  }

  #slabWith(size: number): Slab {
    const slabs = this.#slabs.map((slab) => slab.deref()).filter((slab) => slab !== undefined);
    const found = slabs.find(({ memory, allocated }) => allocated + size <= memory.byteLength);
    if (found !== undefined) return found;
    const memory = Buffer.allocUnsafeSlow(Math.max(size, this.#partSize));
    const slab = { memory, allocated: 0, users: 0 };
    this.#slabs = [...slabs, slab].map((each) => new WeakRef(each));
    return slab;
  }
}
