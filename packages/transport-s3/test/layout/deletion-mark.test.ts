import { expect, test } from "vitest";

import {
  deletionIn,
  doneMark,
  isPending,
  pendingMark,
  withDeletion,
} from "../../src/layout/deletion-mark.ts";

function bytesOf(index: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(index));
}

const entry = { mediaType: "a/b", digest: `sha256:${"0".repeat(64)}`, size: 1, "x-more": [1] };
const plain = { schemaVersion: 2, manifests: [entry], "x-own": 1 };

test.each([
  ["no index", undefined],
  ["an index without annotations", bytesOf(plain)],
  ["an index without the mark", bytesOf({ ...plain, annotations: { a: "b" } })],
  ["a mark that is not a string", bytesOf({ ...plain, annotations: { "io.drayage.deletion": 1 } })],
  ["annotations of null", bytesOf({ ...plain, annotations: null })],
])("%s has no mark", (_, content) => {
  expect(deletionIn(content)).toBeUndefined();
});

test("a mark replaces the previous one, and keeps all other fields", () => {
  const before = bytesOf({ ...plain, annotations: { a: "b" } });
  const once = withDeletion(before, "one");
  const twice = withDeletion(once, "two");
  expect([deletionIn(once), deletionIn(twice)]).toEqual(["one", "two"]);
  expect(JSON.parse(String(Buffer.from(twice)))).toEqual({
    ...plain,
    annotations: { a: "b", "io.drayage.deletion": "two" },
  });
  expect(deletionIn(withDeletion(bytesOf(plain), "one"))).toBe("one");
});

test("a deletion in progress differs from the same one when it has ended", () => {
  const pending = pendingMark("one");
  expect([pending, "one", undefined].map(isPending)).toEqual([true, false, false]);
  expect(doneMark(pending)).toBe("one");
  expect(doneMark("one")).toBe("one");
  expect(pendingMark("two")).not.toBe(pending);
});
