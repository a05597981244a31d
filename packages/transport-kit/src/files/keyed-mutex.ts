import { untilAborted } from "../wire/abortable.ts";

const lasts = new Map<string, Promise<void>>();

/** Runs work one after another for each key, in the order of the calls, within this process. */
export async function withMutex<Result>(
  key: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const before = lasts.get(key) ?? Promise.resolve();
  const last = before.then(() => done);
  lasts.set(key, last);
  void forget(key, last);
  try {
    await untilAborted(before, signal);
    return await work();
  } finally {
    resolve();
  }
}

async function forget(key: string, last: Promise<void>): Promise<void> {
  await last;
  if (lasts.get(key) === last) lasts.delete(key);
}
