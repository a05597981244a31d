import type { OnReadOpts, Socket } from "node:net";

/** Bytes. The more the system can hand over at once, the fewer are the times that it has to. */
const bufferSize = 1 << 19;
/** Room that is worth it to be read into. */
const leastRoom = 1 << 16;
/** Buffers that are kept for later, of all connections together. */
const mostSpare = 16;

/** A piece of memory, filled from its beginning, and what of it nobody needs any more. */
interface ReceiveBuffer {
  readonly memory: Uint8Array;
  filled: number;
  returned: number;
  isFull: boolean;
}

/**
 * The memory that connections read into: the same again and again, as far as those who read say that they are done with
 * it. What nobody gives back, such as the headers of an answer, keeps its buffer from being used again, and the collector
 * takes both. New memory for every read would cost more time than all the reading.
 */
export class ReceiveBuffers {
  /** An option of `net.connect` and `tls.connect`. */
  readonly onread: OnReadOpts;
  readonly #buffers = new WeakMap<ArrayBufferLike, ReceiveBuffer>();
  #spare: ReceiveBuffer[] = [];
  /** What is left of the buffer that was read into last, until somebody reads into it. */
  #room: Uint8Array | undefined;

  constructor() {
    const filled = (memory: Uint8Array, size: number): void => this.#filled(memory, size);
    this.onread = {
      buffer: () => this.#next(),
      callback(this: Socket, size: number, memory: Uint8Array): boolean {
        filled(memory, size);
        return this.push(memory.subarray(0, size));
      },
    };
  }

  /** Nobody reads this chunk from here on. */
  giveBack(chunk: Uint8Array): void {
    const buffer = this.#buffers.get(chunk.buffer);
    if (buffer === undefined) return;
    buffer.returned += chunk.byteLength;
    if (!buffer.isFull || buffer.returned < buffer.filled || this.#spare.length >= mostSpare)
      return;
    this.#spare.push(Object.assign(buffer, { filled: 0, returned: 0, isFull: false }));
  }

  #next(): Uint8Array {
    const room = this.#room ?? this.#empty();
    this.#room = undefined;
    return room;
  }

  #empty(): Uint8Array {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare.memory;
    // One that Node would take from its own pool shares its memory with others
    const memory = Buffer.allocUnsafeSlow(bufferSize);
    this.#buffers.set(memory.buffer, { memory, filled: 0, returned: 0, isFull: false });
    return memory;
  }

  #filled(memory: Uint8Array, size: number): void {
    const buffer = this.#buffers.get(memory.buffer);
    if (buffer === undefined) return;
    buffer.filled += size;
    const room = memory.subarray(size);
    buffer.isFull = room.byteLength < leastRoom;
    this.#room = buffer.isFull ? undefined : room;
  }
}
