import { ReceivedChunks } from "@drayage/transport-kit/wire";
import type { Dispatcher } from "undici";

import type { ReceiveBuffers } from "./receive-buffers.ts";

/** The maximum number of unread bytes. Above it, the connection is paused. */
const maxUnread = 1 << 19;
/** The maximum number of bytes that are faster to read than a new connection is to open. */
const maxDiscarded = 1 << 17;

type Controller = Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">;

/** The body of a response, in reusable buffers. */
export class ResponseBody {
  readonly #controller: Controller;
  readonly #buffers: ReceiveBuffers;
  readonly #chunks: ReceivedChunks;

  /** `slowTimeout`: as in `ReceivedChunksSettings`. */
  constructor(controller: Controller, buffers: ReceiveBuffers, slowTimeout?: number) {
    const release = (chunk: Uint8Array): void => buffers.release(chunk);
    this.#controller = controller;
    this.#buffers = buffers;
    this.#chunks = new ReceivedChunks(controller, { maxUnread, slowTimeout, release });
  }

  add(chunk: Uint8Array): void {
    const added = this.#chunks.add(chunk);
    if (added !== "joined") this.#buffers.retain(chunk);
    if (added === "copied") this.#buffers.release(chunk);
  }

  end(failure?: Error): void {
    this.#chunks.end(failure);
  }

  /** Reads the body once. Leaving the loop early closes the connection. @throws the error of the connection */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#chunks.read();
    } finally {
      if (!this.#chunks.hasEnded)
        this.#controller.abort(new Error("The rest of the body is not needed"));
    }
  }

  /** Discards the body. Reads a short one to its end, so that the connection can be reused. */
  async discard(): Promise<void> {
    let size = 0;
    try {
      for await (const chunk of this) {
        size += chunk.byteLength;
        if (size > maxDiscarded) break;
      }
    } catch {
      // The body is not needed.
    }
  }
}
