import { availableParallelism } from "node:os";

import { Semaphore } from "../content/semaphore.ts";
import { DeflateThread } from "./deflate-thread.ts";

/** How many blocks are deflated at once. With more threads, of 10 MB each, the consumer is the bottleneck. */
export const deflateThreads: number = Math.min(availableParallelism(), 8);

/** Deflates a block with `DeflateThread.deflated` on the thread with the shortest queue. */
export async function deflated(block: Uint8Array): Promise<Uint8Array> {
  return semaphore.run(async () => {
    const thread = nextThread();
    try {
      return await thread.deflated(block);
    } catch (error) {
      threads = threads.filter((other) => other !== thread);
      throw error;
    }
  });
}

/** Each thread has one block in its queue while it deflates another, so that it never waits for the main thread. */
const semaphore = new Semaphore(2 * deflateThreads);
let threads: readonly DeflateThread[] = [];

function nextThread(): DeflateThread {
  const [first, ...others] = threads.toSorted((a, b) => a.pendingBlocks - b.pendingBlocks);
  if (first !== undefined && (first.pendingBlocks === 0 || others.length + 1 === deflateThreads))
    return first;
  const thread = new DeflateThread();
  threads = [...threads, thread];
  return thread;
}
