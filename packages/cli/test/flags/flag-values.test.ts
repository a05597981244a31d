import { expect, test } from "vitest";

import { parseBound, parseCount, parseDuration, parseSize } from "../../src/flags/flag-values.ts";

test.each([
  ["30s", 30_000],
  ["500ms", 500],
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  ["2m0s", 120_000],
])("%s is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "30", "s", "1d", "-5s", "5s later", "1 s"])("%j is not a duration", (text) => {
  expect(() => parseDuration(text)).toThrow(/such as 30s/);
});

test.each(["", "-1", "1.5", "1e3", "many"])("%j is not a count", (text) => {
  expect(() => parseCount(text)).toThrow(/whole number/);
});

test("a bound of 0 is rejected", () => {
  expect(parseBound("1")).toBe(1);
  expect(() => parseBound("0")).toThrow(/of at least 1/);
});

test.each([
  ["64MiB", 67_108_864],
  ["100MB", 100_000_000],
  ["1.5KiB", 1536],
  ["5000000", 5_000_000],
  ["2GiB", 2_147_483_648],
])("%s is %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "0", "MiB", "-1MB", "64 MiB", "64mib", "1TB", "1e6"])("%j is not a size", (text) => {
  expect(() => parseSize(text)).toThrow(/such as 64MiB/);
});
