import { setTimeout as delay } from "node:timers/promises";

/** Waits so many milliseconds. @throws an abort's own reason */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (aborted) {
    signal?.throwIfAborted();
    throw aborted;
  }
}
