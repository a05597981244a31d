import type { OperationOptions } from "@drayage/core";
import type { IndexChange } from "@drayage/image-layout";

import { deletionIn } from "./deletion-mark.ts";

/** What a change counts on. */
export interface CountedOn {
  /** The deletion that `index.json` told of before anything was counted on. */
  readonly deletion: string | undefined;
  /** Makes sure that all is still there, and still named by `index.json`. @throws ImageError `conflict` */
  readonly check: (index: Uint8Array | undefined) => Promise<void>;
}

/** A change that is to be made. */
export interface WaitingChange {
  readonly change: IndexChange;
  readonly counted: CountedOn;
  readonly options: OperationOptions;
  readonly done: PromiseWithResolvers<void>;
}

/** Asks each for what shall be, one after another. Who does not want it any more is told at once; undefined where nobody does. */
export async function askAll(
  all: readonly WaitingChange[],
  content: Uint8Array | undefined,
): Promise<{ readonly willing: readonly WaitingChange[]; readonly next: Uint8Array | undefined }> {
  const willing: WaitingChange[] = [];
  const deletion = deletionIn(content);
  let next = content;
  for (const one of all) {
    try {
      one.options.signal?.throwIfAborted();
      if (one.counted.deletion !== deletion) await one.counted.check(content);
      next = await one.change.next(next);
      willing.push(one);
    } catch (error) {
      one.done.reject(error);
    }
  }
  return { willing, next: willing.length > 0 ? next : undefined };
}
