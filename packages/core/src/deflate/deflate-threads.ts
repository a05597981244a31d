import { availableParallelism } from "node:os";

import { Turns } from "../turns.ts";
import { DeflateThread } from "./deflate-thread.ts";

/** How many blocks are deflated at once: with more threads, of 10 MB each, whatever takes the result sets the pace. */
export const deflateThreads: number = Math.min(availableParallelism(), 8);

/** What `DeflateThread.deflated` makes of a block, by the next thread that is free. */
export async function deflated(block: Uint8Array): Promise<Uint8Array> {
  return turns.take(async () => {
    const thread = idle.pop() ?? new DeflateThread();
    const packed = await thread.deflated(block);
    idle.push(thread);
    return packed;
  });
}

const turns = new Turns(deflateThreads);
/** Those that failed are not among them. */
const idle: DeflateThread[] = [];
