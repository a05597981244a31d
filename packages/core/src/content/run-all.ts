/** How much is done at once. */
export interface Bounds<Item> {
  /** The most items. */
  readonly count: number;
  /** The most that they weigh together; one alone may weigh more. Default: no bound. */
  readonly weight?: number | undefined;
  /** Default: nothing. */
  readonly weightOf?: ((item: Item) => number) | undefined;
}

/**
 * Runs work on each item, in order of the items, so much at a time. The first failure aborts all others; it is thrown
 * once they have come to rest, so that nothing goes on behind the caller's back.
 */
export async function runAll<Item>(
  items: readonly Item[],
  { count, weight = Infinity, weightOf = () => 0 }: Bounds<Item>,
  signal: AbortSignal | undefined,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const siblings = new AbortController();
  const either =
    signal === undefined ? siblings.signal : AbortSignal.any([signal, siblings.signal]);
  const tasks: Promise<void>[] = [];
  let running = 0;
  let load = 0;
  let rested = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  const run = async (item: Item, own: number): Promise<void> => {
    running++;
    load += own;
    try {
      await work(item, either);
    } catch (error) {
      failure ??= { error };
      siblings.abort(error);
    }
    running--;
    load -= own;
    rested.resolve();
    rested = Promise.withResolvers();
  };
  for (const item of items) {
    const own = weightOf(item);
    while (running > 0 && (running >= count || load + own > weight)) {
      await rested.promise;
    }
    if (either.aborted) break;
    tasks.push(run(item, own));
  }
  await Promise.all(tasks);
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}
