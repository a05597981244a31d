import type { OperationOptions } from "@drayage/core";
import type { IndexChange } from "@drayage/image-layout";

import { deletionIn } from "./deletion-mark.ts";

/** How to check the manifests and blobs that a change reuses. */
export interface ReuseCheck {
  /** The deletion mark of `index.json` when they were found. No check is necessary while it is the same. */
  readonly deletion: string | undefined;
  /** Checks that all of them are still present. @throws ImageError `conflict` */
  readonly check: (index: Uint8Array | undefined) => Promise<void>;
}

/** A queued change of `index.json`. */
export interface PendingChange {
  readonly change: IndexChange;
  readonly reuse: ReuseCheck;
  readonly options: OperationOptions;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Applies changes one after another, each to the result of the one before. A change that was aborted or fails is
 * rejected at once. `next` is undefined if no change was applied.
 */
export async function applyChanges(
  changes: readonly PendingChange[],
  content: Uint8Array | undefined,
): Promise<{ readonly applied: readonly PendingChange[]; readonly next: Uint8Array | undefined }> {
  const applied: PendingChange[] = [];
  const deletion = deletionIn(content);
  let next = content;
  for (const pending of changes) {
    try {
      pending.options.signal?.throwIfAborted();
      if (pending.reuse.deletion !== deletion) await pending.reuse.check(content);
      next = await pending.change.next(next);
      applied.push(pending);
    } catch (error) {
      pending.done.reject(error);
    }
  }
  return { applied, next: applied.length > 0 ? next : undefined };
}
