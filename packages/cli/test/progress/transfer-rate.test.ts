import { expect, test } from "vitest";

import { formatRate, TransferRate } from "../../src/progress/transfer-rate.ts";

test("the rate covers the last five seconds", () => {
  let now = 0;
  const rate = new TransferRate(() => now);
  rate.note(0);
  expect(rate.perSecond).toBeUndefined();
  for (now = 1000; now <= 10_000; now += 1000) rate.note(1_000_000 * (now / 1000));
  expect(rate.perSecond).toBe(1_000_000);
  for (; now <= 20_000; now += 1000) rate.note(10_000_000);
  expect(rate.perSecond).toBe(0);
});

test("a burst of events does not discard older samples", () => {
  let now = 0;
  const rate = new TransferRate(() => now);
  for (; now <= 4000; now++) rate.note(now * 1000);
  expect(rate.perSecond).toBeCloseTo(1_000_000, -4);
});

test.each([
  [undefined, 0, ""],
  [12_000_000, 400_000_000, ", 12 MB/s, 50 s left"],
  [1_000_000, 935_000_000, ", 1.0 MB/s, 1 min 5 s left"],
  [100_000, 280_000_000, ", 100 kB/s, 2 h 0 min left"],
  [1, 0, ", 1 B/s, days left"],
  [0, 0, ", 0 B/s, stalled"],
  [5000, 1_000_000_000, ", 5.0 kB/s"],
])("%s B/s after %i B is formatted as %j", (perSecond, bytesDone, text) => {
  expect(formatRate({ perSecond }, { bytes: 1_000_000_000, bytesDone })).toBe(text);
});
