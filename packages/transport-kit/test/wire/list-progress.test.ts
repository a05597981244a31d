import { isImageError } from "@drayage/core";
import { ListProgress } from "@drayage/transport-kit/wire";
import { expect, test } from "vitest";

/** The number of pages that are read before the error. */
function pagesRead(entriesOn: (page: number) => number, maxEntries?: number): number {
  const progress = new ListProgress("things", maxEntries);
  for (let page = 0; page < 5000; page++) {
    try {
      progress.add(entriesOn(page), `?page=${page}`);
    } catch (error) {
      if (isImageError(error, "unsupported")) return page + 1;
      throw error;
    }
  }
  return Infinity;
}

test("long lists are read to their end", () => {
  expect(pagesRead(() => 100)).toBe(Infinity);
  expect(pagesRead((page) => (page % 90 === 0 ? 1000 : 0))).toBe(Infinity);
});

test("pages without new entries are an error", () => {
  expect(pagesRead(() => 0)).toBe(100);
  expect(pagesRead((page) => (page < 50 ? 1000 : 0))).toBe(150);
});

test("pages with one entry each are an error", () => {
  expect(pagesRead(() => 1)).toBeLessThan(1200);
});

test("more entries than allowed are an error", () => {
  expect(pagesRead(() => 1000, 10_000)).toBe(11);
});

test("a repeated page is an error", () => {
  const progress = new ListProgress("things");
  progress.add(10, "a");
  progress.add(10, "b");
  expect(() => progress.add(10, "a")).toThrow(expect.objectContaining({ code: "unsupported" }));
});

test("the last page may be empty", () => {
  const progress = new ListProgress("things");
  for (let page = 0; page < 99; page++) progress.add(0, `${page}`);
  progress.add(0, undefined);
});
