import { finished } from "node:stream";
import type { Readable } from "node:stream";

import type { GetBlobOptions } from "@drayage/core";
import { ChunkQueue, MinimumRate, TooSlow } from "@drayage/transport-kit/wire";

/** Bytes that may wait to be read; above it the connection waits. */
const mostWaiting = 1 << 18;

/** Milliseconds that may be spent waiting for less than 1 KiB a second. */
const defaultPatience = 120_000;

/** How a body is received. */
export interface ReceivingOptions extends Pick<GetBlobOptions, "reuseBuffers"> {
  /** Milliseconds that may be spent waiting for less than 1 KiB a second. Default 120 000. */
  readonly patience?: number | undefined;
}

/**
 * The body of an answer in the pieces in which it came. To iterate over a `Readable` would put those together that wait,
 * in new memory. With `reuseBuffers` a chunk's memory is released as soon as the next one is requested: the collector of
 * garbage would come by when there are many more.
 */
export async function* receivedBytes(
  body: Readable,
  { reuseBuffers = false, patience = defaultPatience }: ReceivingOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = new ChunkQueue();
  const rate = new MinimumRate(patience);
  let received = 0;
  let ended: { readonly failure: Error | null | undefined } | undefined;
  let news = Promise.withResolvers<void>();
  body.on("data", (chunk: Uint8Array) => {
    chunks.add(chunk);
    received += chunk.byteLength;
    if (chunks.byteLength >= mostWaiting) body.pause();
    news.resolve();
  });
  finished(body, { writable: false }, (failure) => {
    ended = { failure };
    news.resolve();
  });
  try {
    for (;;) {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        if (chunks.byteLength < mostWaiting) body.resume();
        yield chunk;
        if (reuseBuffers) giveBack(chunk);
      }
      if (ended !== undefined) break;
      received = 0;
      const begun = performance.now();
      await news.promise;
      news = Promise.withResolvers();
      if (!rate.isKept(received, performance.now() - begun)) throw new TooSlow();
    }
    if (ended.failure) throw ended.failure;
  } finally {
    body.destroy();
  }
}

/** Node copies what it parsed of an answer: nobody else has that memory. */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
