import type { OnReadOpts, Socket } from "node:net";

/** Bytes. Large buffers need fewer reads. */
const bufferSize = 1 << 19;
/** The minimum free space of a buffer that is read into. */
const minFree = 1 << 16;
/** The maximum number of unused buffers of all connections. */
const maxUnused = 16;

/** A buffer that one connection fills from its start. */
interface ReceiveBuffer {
  readonly memory: Uint8Array;
  /** The buffers of the same connection with unread chunks, oldest first. */
  readonly ofConnection: ReceiveBuffer[];
  /** The number of chunks in use. */
  users: number;
  /** Whether all its chunks have been passed on. */
  isRead: boolean;
}

/**
 * Reusable buffers that connections receive into, because new memory for each read would cost more time than the read. A
 * connection passes chunks on in order, so a chunk of a later buffer shows that the earlier buffers have been read.
 */
export class ReceiveBuffers {
  readonly #known = new WeakMap<ArrayBufferLike, ReceiveBuffer>();
  readonly #unused: Uint8Array[] = [];

  /** The option of `net.connect` and `tls.connect` for one connection. */
  onread(): OnReadOpts {
    const ofConnection: ReceiveBuffer[] = [];
    let free: Uint8Array | undefined;
    return {
      buffer: () => {
        const next = free ?? this.#add(ofConnection);
        free = undefined;
        return next;
      },
      callback(this: Socket, size: number, memory: Uint8Array): boolean {
        free = memory.byteLength - size < minFree ? undefined : memory.subarray(size);
        return this.push(memory.subarray(0, size));
      },
    };
  }

  /** Marks a chunk as in use until `release`. */
  retain(chunk: Uint8Array): void {
    const buffer = this.#known.get(chunk.buffer);
    if (buffer === undefined) return;
    buffer.users++;
    const { ofConnection } = buffer;
    for (const earlier of ofConnection.splice(0, ofConnection.indexOf(buffer))) {
      earlier.isRead = true;
      this.#reuseIfUnused(earlier);
    }
  }

  /** Allows the memory of a chunk to be reused. */
  release(chunk: Uint8Array): void {
    const buffer = this.#known.get(chunk.buffer);
    if (buffer === undefined) return;
    buffer.users--;
    this.#reuseIfUnused(buffer);
  }

  #add(ofConnection: ReceiveBuffer[]): Uint8Array {
    // A pooled `Buffer` would share its memory with others.
    const memory = this.#unused.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
    const buffer = { memory, ofConnection, users: 0, isRead: false };
    this.#known.set(memory.buffer, buffer);
    ofConnection.push(buffer);
    return memory;
  }

  #reuseIfUnused({ memory, isRead, users }: ReceiveBuffer): void {
    if (!isRead || users > 0) return;
    this.#known.delete(memory.buffer);
    if (this.#unused.length < maxUnused) this.#unused.push(memory);
  }
}
