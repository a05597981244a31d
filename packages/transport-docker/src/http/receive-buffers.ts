import type { OnReadOpts, Socket } from "node:net";

/** Bytes. The more the system can hand over at once, the fewer are the times that it has to. */
const bufferSize = 1 << 19;
/** Room that is worth it to be read into. */
const leastRoom = 1 << 16;
/** Buffers that are kept for later, of all connections together. */
const mostSpare = 16;

/** A piece of memory, filled from its beginning with what comes on one connection. */
interface ReceiveBuffer {
  readonly memory: Uint8Array;
  /** Those of the same connection that something may be passed on from yet, in the order in which they were filled. */
  readonly ofConnection: ReceiveBuffer[];
  /** Chunks in it that somebody has. */
  lent: number;
  /** Whether all that is in it was passed on. */
  isRead: boolean;
}

/**
 * The memory that connections read into: the same again and again, as far as those who read say that they are done with
 * it. New memory for every read would cost more time than all the reading. What a connection received is passed on in
 * order, so that a chunk from a later buffer tells that nothing else comes from those before it.
 */
export class ReceiveBuffers {
  readonly #known = new WeakMap<ArrayBufferLike, ReceiveBuffer>();
  readonly #spare: Uint8Array[] = [];

  /** The option of `net.connect` and `tls.connect` for one connection. */
  onread(): OnReadOpts {
    const ofConnection: ReceiveBuffer[] = [];
    let room: Uint8Array | undefined;
    return {
      buffer: () => {
        const next = room ?? this.#add(ofConnection);
        room = undefined;
        return next;
      },
      callback(this: Socket, size: number, memory: Uint8Array): boolean {
        room = memory.byteLength - size < leastRoom ? undefined : memory.subarray(size);
        return this.push(memory.subarray(0, size));
      },
    };
  }

  /** Somebody has this chunk until it is given back. */
  lend(chunk: Uint8Array): void {
    const buffer = this.#known.get(chunk.buffer);
    if (buffer === undefined) return;
    buffer.lent++;
    const { ofConnection } = buffer;
    for (const earlier of ofConnection.splice(0, ofConnection.indexOf(buffer))) {
      earlier.isRead = true;
      this.#keepUnused(earlier);
    }
  }

  /** Nobody reads this chunk from here on. */
  giveBack(chunk: Uint8Array): void {
    const buffer = this.#known.get(chunk.buffer);
    if (buffer === undefined) return;
    buffer.lent--;
    this.#keepUnused(buffer);
  }

  #add(ofConnection: ReceiveBuffer[]): Uint8Array {
    // One that Node would take from its own pool shares its memory with others.
    const memory = this.#spare.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
    const buffer = { memory, ofConnection, lent: 0, isRead: false };
    this.#known.set(memory.buffer, buffer);
    ofConnection.push(buffer);
    return memory;
  }

  #keepUnused({ memory, isRead, lent }: ReceiveBuffer): void {
    if (!isRead || lent > 0) return;
    this.#known.delete(memory.buffer);
    if (this.#spare.length < mostSpare) this.#spare.push(memory);
  }
}
