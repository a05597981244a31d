import { expect, test } from "vitest";

import { MinimumRate } from "../../src/wire/minimum-rate.ts";

test("a byte per second is too slow after the grace period", () => {
  const rate = new MinimumRate(30_000);
  let seconds = 0;
  while (rate.isKept(1, 1000)) seconds++;
  expect(seconds).toBe(30);
});

test("a sender may pause, and earlier bytes count up to the grace period", () => {
  const rate = new MinimumRate(30_000);
  expect(rate.isKept(1 << 30, 1000)).toBe(true);
  expect(rate.isKept(0, 29_000)).toBe(true);
  expect(rate.isKept(0, 2000)).toBe(false);
});

test("two KiB per second are never too slow", () => {
  const rate = new MinimumRate(30_000);
  for (let second = 0; second < 10_000; second++) expect(rate.isKept(2048, 1000)).toBe(true);
});
