import { finished } from "node:stream";
import type { Readable } from "node:stream";

import type { GetBlobOptions } from "@drayage/core";
import { ChunkQueue, MinimumRate, TooSlow } from "@drayage/transport-kit/wire";

/** How many received bytes are buffered before the connection is paused. */
const maxBuffered = 1 << 18;

/** Milliseconds. */
const defaultSlowTimeout = 120_000;

/** Options for receiving a body. */
export interface ReceivingOptions extends Pick<GetBlobOptions, "reuseBuffers"> {
  /** Milliseconds of waiting at less than 1 KiB per second before the body fails. Default 120 000. */
  readonly slowTimeout?: number | undefined;
}

/**
 * The chunks of a response body as they arrived. Iterating over the `Readable` would join buffered chunks in new memory.
 * With `reuseBuffers`, the memory of a chunk is released when the next one is requested, before garbage collection.
 */
export async function* receivedBytes(
  body: Readable,
  { reuseBuffers = false, slowTimeout = defaultSlowTimeout }: ReceivingOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = new ChunkQueue();
  const rate = new MinimumRate(slowTimeout);
  let received = 0;
  let ended: { readonly failure: Error | null | undefined } | undefined;
  let changed = Promise.withResolvers<void>();
  body.on("data", (chunk: Uint8Array) => {
    chunks.add(chunk);
    received += chunk.byteLength;
    if (chunks.byteLength >= maxBuffered) body.pause();
    changed.resolve();
  });
  finished(body, { writable: false }, (failure) => {
    ended = { failure };
    changed.resolve();
  });
  try {
    for (;;) {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        if (chunks.byteLength < maxBuffered) body.resume();
        yield chunk;
        if (reuseBuffers) releaseMemory(chunk);
      }
      if (ended !== undefined) break;
      received = 0;
      const startedAt = performance.now();
      await changed.promise;
      changed = Promise.withResolvers();
      if (!rate.isKept(received, performance.now() - startedAt)) throw new TooSlow();
    }
    if (ended.failure) throw ended.failure;
  } finally {
    body.destroy();
  }
}

/** Safe because Node copies parsed bodies: no other buffer uses this memory. */
function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
