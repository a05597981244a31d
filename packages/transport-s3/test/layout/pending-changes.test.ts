import { expect, test, vi } from "vitest";

import { withDeletion } from "../../src/layout/deletion-mark.ts";
import { applyChanges } from "../../src/layout/pending-changes.ts";
import type { PendingChange } from "../../src/layout/pending-changes.ts";

const index = Buffer.from('{"schemaVersion":2,"manifests":[]}');

/** A change that appends a letter to the content. */
function appending(letter: string, more: Partial<PendingChange> = {}): PendingChange {
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => {});
  return {
    change: {
      next: async (before) => Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(letter)]),
    },
    reuse: { deletion: undefined, check: async () => {} },
    options: {},
    done,
    ...more,
  };
}

function failing(error: Error): PendingChange["change"] {
  return {
    next: async () => {
      throw error;
    },
  };
}

test("each change is applied to the result of the previous one", async () => {
  const all = [appending("a"), appending("b")];
  const { applied, next } = await applyChanges(all, index);
  expect(applied).toEqual(all);
  expect(String(next)).toBe(`${String(index)}ab`);
  expect(String((await applyChanges(all, undefined)).next)).toBe("ab");
});

test("a failing change does not affect the others", async () => {
  const error = new Error("the change failed");
  const [one, two, three] = [
    appending("a"),
    appending("b", { change: failing(error) }),
    appending("c"),
  ];
  const { applied, next } = await applyChanges([one, two, three], index);
  expect(applied).toEqual([one, three]);
  expect(String(next)).toBe(`${String(index)}ac`);
  await expect(two.done.promise).rejects.toBe(error);
});

test("an aborted change is not applied", async () => {
  const reason = new Error("aborted by the test");
  const next = vi.fn<PendingChange["change"]["next"]>();
  const aborted = appending("a", {
    change: { next },
    options: { signal: AbortSignal.abort(reason) },
  });
  const { applied } = await applyChanges([aborted, appending("b")], index);
  expect(applied).toHaveLength(1);
  expect(next).not.toHaveBeenCalled();
  await expect(aborted.done.promise).rejects.toBe(reason);
});

test("without applied changes there is nothing to write", async () => {
  const one = appending("a", { change: failing(new Error("the change failed")) });
  expect(await applyChanges([one], index)).toEqual({ applied: [], next: undefined });
  expect(await applyChanges([], index)).toEqual({ applied: [], next: undefined });
});

test("the reuse of a change is checked only after a deletion", async () => {
  const content = withDeletion(index, "one");
  const check = vi.fn<PendingChange["reuse"]["check"]>(async () => {});
  const same = appending("a", { reuse: { deletion: "one", check } });
  expect((await applyChanges([same], content)).applied).toHaveLength(1);
  expect(check).not.toHaveBeenCalled();
  const other = appending("a", { reuse: { deletion: "two", check } });
  expect((await applyChanges([other], content)).applied).toHaveLength(1);
  expect(check).toHaveBeenCalledExactlyOnceWith(content);
});

test("a change that reuses deleted blobs is not applied", async () => {
  const error = new Error("the blob was deleted");
  const next = vi.fn<PendingChange["change"]["next"]>();
  const check = async (): Promise<void> => {
    throw error;
  };
  const lost = appending("a", { change: { next }, reuse: { deletion: "before", check } });
  expect((await applyChanges([lost], index)).applied).toEqual([]);
  expect(next).not.toHaveBeenCalled();
  await expect(lost.done.promise).rejects.toBe(error);
});
