import { expect, test, vi } from "vitest";

import { withDeletion } from "../../src/layout/deletion-mark.ts";
import { askAll } from "../../src/layout/waiting-changes.ts";
import type { WaitingChange } from "../../src/layout/waiting-changes.ts";

const index = Buffer.from('{"schemaVersion":2,"manifests":[]}');

/** A change that appends a letter to what is there. */
function appending(letter: string, more: Partial<WaitingChange> = {}): WaitingChange {
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => {});
  return {
    change: {
      next: async (before) => Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(letter)]),
    },
    counted: { deletion: undefined, check: async () => {} },
    options: {},
    done,
    ...more,
  };
}

function failing(error: Error): WaitingChange["change"] {
  return {
    next: async () => {
      throw error;
    },
  };
}

test("each change is made on top of the one before", async () => {
  const all = [appending("a"), appending("b")];
  const { willing, next } = await askAll(all, index);
  expect(willing).toEqual(all);
  expect(String(next)).toBe(`${String(index)}ab`);
  expect(String((await askAll(all, undefined)).next)).toBe("ab");
});

test("one that cannot be made ends alone", async () => {
  const error = new Error("cannot");
  const [one, two, three] = [
    appending("a"),
    appending("b", { change: failing(error) }),
    appending("c"),
  ];
  const { willing, next } = await askAll([one, two, three], index);
  expect(willing).toEqual([one, three]);
  expect(String(next)).toBe(`${String(index)}ac`);
  await expect(two.done.promise).rejects.toBe(error);
});

test("one that was aborted is not asked", async () => {
  const reason = new Error("enough");
  const next = vi.fn<WaitingChange["change"]["next"]>();
  const aborted = appending("a", {
    change: { next },
    options: { signal: AbortSignal.abort(reason) },
  });
  const { willing } = await askAll([aborted, appending("b")], index);
  expect(willing).toHaveLength(1);
  expect(next).not.toHaveBeenCalled();
  await expect(aborted.done.promise).rejects.toBe(reason);
});

test("where nobody is left there is nothing to write", async () => {
  const one = appending("a", { change: failing(new Error("cannot")) });
  expect(await askAll([one], index)).toEqual({ willing: [], next: undefined });
  expect(await askAll([], index)).toEqual({ willing: [], next: undefined });
});

test("what a change counts on is looked at where blobs were deleted since, and only there", async () => {
  const content = withDeletion(index, "one");
  const check = vi.fn<WaitingChange["counted"]["check"]>(async () => {});
  const same = appending("a", { counted: { deletion: "one", check } });
  expect((await askAll([same], content)).willing).toHaveLength(1);
  expect(check).not.toHaveBeenCalled();
  const other = appending("a", { counted: { deletion: "two", check } });
  expect((await askAll([other], content)).willing).toHaveLength(1);
  expect(check).toHaveBeenCalledExactlyOnceWith(content);
});

test("a change that counts on what is gone is not made", async () => {
  const error = new Error("gone");
  const next = vi.fn<WaitingChange["change"]["next"]>();
  const check = async (): Promise<void> => {
    throw error;
  };
  const lost = appending("a", { change: { next }, counted: { deletion: "before", check } });
  expect((await askAll([lost], index)).willing).toEqual([]);
  expect(next).not.toHaveBeenCalled();
  await expect(lost.done.promise).rejects.toBe(error);
});
