import { once } from "node:events";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { BreakKind } from "./fault.ts";

/** Bytes. */
export interface ByteLimits {
  request: number;
  response: number;
}

/** The remaining body bytes of each connection and direction until it is closed. */
export class ConnectionLimits {
  readonly #cutEvery: number;
  readonly #left = new WeakMap<Socket, ByteLimits>();

  constructor(cutEvery: number) {
    this.#cutEvery = cutEvery;
  }

  of(connection: Socket): ByteLimits {
    const left = this.#left.get(connection) ?? {
      request: this.#cutEvery,
      response: this.#cutEvery,
    };
    this.#left.set(connection, left);
    return left;
  }
}

/** Writes at most `limit` bytes of a body. Returns false if the body did not end. */
export async function flow(
  body: AsyncIterable<Uint8Array>,
  to: Writable,
  room: number,
  count: (bytes: number) => void,
): Promise<boolean> {
  let left = room;
  async function* within(): AsyncGenerator<Uint8Array, void, undefined> {
    if (left === 0) return;
    for await (const chunk of body) {
      const part = chunk.subarray(0, left);
      left -= part.byteLength;
      count(part.byteLength);
      yield part;
      if (left === 0) return;
    }
  }
  await pipeline(within(), to, { end: false });
  return left > 0;
}

/** Breaks a connection. A stalled one stays open until the client closes it. */
export async function breakConnection(socket: Socket, kind: BreakKind): Promise<void> {
  if (socket.destroyed) return;
  if (kind === "cut") socket.destroySoon();
  if (kind === "reset") socket.resetAndDestroy();
  if (kind === "stall") await once(socket, "close");
}
