import { MinimumRate } from "@drayage/transport-kit/wire";
import { expect, test } from "vitest";

test("a byte a second is too slow after the time that a sender always has", () => {
  const rate = new MinimumRate(30_000);
  let seconds = 0;
  while (rate.isKept(1, 1000)) seconds++;
  expect(seconds).toBe(30);
});

test("a sender may pause, and what came before counts up to a limit", () => {
  const rate = new MinimumRate(30_000);
  expect(rate.isKept(1 << 30, 1000)).toBe(true);
  expect(rate.isKept(0, 29_000)).toBe(true);
  expect(rate.isKept(0, 2000)).toBe(false);
});

test("two KiB a second last for ever", () => {
  const rate = new MinimumRate(30_000);
  for (let second = 0; second < 10_000; second++) expect(rate.isKept(2048, 1000)).toBe(true);
});
