import { untilAborted } from "../wire/abortable.ts";

const queues = new Map<string, Promise<void>>();

/** Runs operations with the same key one at a time, in the order of the calls, within this process. */
export async function withMutex<Result>(
  key: string,
  signal: AbortSignal | undefined,
  operation: () => Promise<Result>,
): Promise<Result> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const before = queues.get(key) ?? Promise.resolve();
  const last = before.then(() => done);
  queues.set(key, last);
  void forget(key, last);
  try {
    await untilAborted(before, signal);
    return await operation();
  } finally {
    resolve();
  }
}

async function forget(key: string, last: Promise<void>): Promise<void> {
  await last;
  if (queues.get(key) === last) queues.delete(key);
}
