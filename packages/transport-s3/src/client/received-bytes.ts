import { finished } from "node:stream";
import type { Readable } from "node:stream";

import type { GetBlobOptions } from "@drayage/core";
import { ReceivedChunks } from "@drayage/transport-kit/wire";

/** The number of unread bytes above which the connection is paused. */
const maxUnread = 1 << 18;

/** Milliseconds. */
const defaultSlowTimeout = 120_000;

/** Options for receiving a body. */
export interface ReceivingOptions extends Pick<GetBlobOptions, "reuseBuffers"> {
  /** As in `ReceivedChunksSettings`. Default 120 000. */
  readonly slowTimeout?: number | undefined;
}

/**
 * The chunks of a response body as they arrived. With `reuseBuffers`, the memory of a chunk is released when the next one is
 * requested, before garbage collection.
 */
export async function* receivedBytes(
  body: Readable,
  { reuseBuffers = false, slowTimeout = defaultSlowTimeout }: ReceivingOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const release = reuseBuffers ? releaseMemory : undefined;
  const chunks = new ReceivedChunks(body, { maxUnread, slowTimeout, release });
  body.on("data", (chunk: Uint8Array) => void chunks.add(chunk));
  finished(body, { writable: false }, (failure) => chunks.end(failure ?? undefined));
  try {
    yield* chunks.read();
  } finally {
    body.destroy();
  }
}

/** Safe because Node copies parsed bodies: no other buffer uses this memory. */
function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
