/**
 * Runs work on each item, in order of the items, so many at a time. The first failure aborts all others; it is thrown
 * once they have come to rest, so that nothing goes on behind the caller's back.
 */
export async function runAll<Item>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const siblings = new AbortController();
  const either =
    signal === undefined ? siblings.signal : AbortSignal.any([signal, siblings.signal]);
  const queue = items.values();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (either.aborted) return;
      try {
        await work(item, either);
      } catch (error) {
        failure ??= { error };
        siblings.abort(error);
      }
    }
  };
  const count = Math.min(items.length, Math.max(1, Math.floor(limit)));
  await Promise.all(Array.from({ length: count }, worker));
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}
