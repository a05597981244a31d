/** How many items are processed at once. */
export interface ConcurrencyLimits<Item> {
  /** The maximum number of items. */
  readonly count: number;
  /** The maximum total weight. A single item may exceed it. Default: no limit. */
  readonly weight?: number | undefined;
  /** The weight of an item. Default: 0. */
  readonly weigh?: ((item: Item) => number) | undefined;
}

/**
 * Runs work on each item, in order and within limits. The first failure aborts all other work. It is thrown once that
 * work has ended, so that nothing keeps running in the background.
 */
export async function runAll<Item>(
  items: readonly Item[],
  { count, weight = Infinity, weigh = () => 0 }: ConcurrencyLimits<Item>,
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const failures = new AbortController();
  const combined =
    signal === undefined ? failures.signal : AbortSignal.any([signal, failures.signal]);
  const tasks: Promise<void>[] = [];
  let running = 0;
  let runningWeight = 0;
  let nextFinished = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  const run = async (item: Item, itemWeight: number): Promise<void> => {
    running++;
    runningWeight += itemWeight;
    try {
      await work(item, combined);
    } catch (error) {
      failure ??= { error };
      failures.abort(error);
    }
    running--;
    runningWeight -= itemWeight;
    nextFinished.resolve();
    nextFinished = Promise.withResolvers();
  };
  for (const item of items) {
    const itemWeight = weigh(item);
    while (running > 0 && (running >= count || runningWeight + itemWeight > weight)) {
      await nextFinished.promise;
    }
    if (combined.aborted) break;
    tasks.push(run(item, itemWeight));
  }
  await Promise.all(tasks);
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}
