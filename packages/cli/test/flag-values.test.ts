import { expect, test } from "vitest";

import { parseBound, parseCount, parseDuration } from "../src/flag-values.ts";

test.each([
  ["30s", 30_000],
  ["500ms", 500],
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  ["2m0s", 120_000],
])("%s is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "30", "s", "1d", "-5s", "5s later", "1 s"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(/such as 30s/);
});

test.each(["", "-1", "1.5", "1e3", "many"])("%j is no count", (text) => {
  expect(() => parseCount(text)).toThrow(/whole number/);
});

test("nothing at once would never end", () => {
  expect(parseBound("1")).toBe(1);
  expect(() => parseBound("0")).toThrow(/from 1 on/);
});
