import { availableParallelism } from "node:os";

import { Turns } from "../content/semaphore.ts";
import { DeflateThread } from "./deflate-thread.ts";

/** How many blocks are deflated at once: with more threads, of 10 MB each, whatever takes the result sets the pace. */
export const deflateThreads: number = Math.min(availableParallelism(), 8);

/** What `DeflateThread.deflated` makes of a block, by the next thread that is free. */
export async function deflated(block: Uint8Array): Promise<Uint8Array> {
  return turns.take(async () => {
    const thread = nextThread();
    try {
      return await thread.deflated(block);
    } catch (error) {
      threads = threads.filter((other) => other !== thread);
      throw error;
    }
  });
}

/** Each thread has one more at hand, so that it need not wait for this one to be told of the next. */
const turns = new Turns(2 * deflateThreads);
let threads: readonly DeflateThread[] = [];

function nextThread(): DeflateThread {
  const [first, ...others] = threads.toSorted((a, b) => a.blocks - b.blocks);
  if (first !== undefined && (first.blocks === 0 || others.length + 1 === deflateThreads))
    return first;
  const thread = new DeflateThread();
  threads = [...threads, thread];
  return thread;
}
