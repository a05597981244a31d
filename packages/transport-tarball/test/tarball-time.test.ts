import { expect, test } from "vitest";

import { formatInstant, fixedTime } from "../src/tarball-time.ts";

test.each([
  [0n, "1970-01-01T00:00:00Z"],
  [1_500_000_000_250_000_000n, "2017-07-14T02:40:00.25Z"],
  [1n, "1970-01-01T00:00:00.000000001Z"],
  [-1n, "1969-12-31T23:59:59.999999999Z"],
  [-1_500_000_000n, "1969-12-31T23:59:58.5Z"],
  [-1_000_000_000n, "1969-12-31T23:59:59Z"],
])("%i nanoseconds are %s", (instant, text) => {
  expect(formatInstant(instant)).toBe(text);
});

test("the setting takes precedence over the environment", () => {
  const system = { environment: { SOURCE_DATE_EPOCH: "5" } };
  expect(fixedTime({ created: new Date(7), system })).toBe(7_000_000n);
  expect(fixedTime({ system })).toBe(5_000_000_000n);
  expect(fixedTime({ system: { environment: {} } })).toBeUndefined();
});

test.each(["yesterday", "-1", "1.5", "1".repeat(12)])("a time of %s is rejected", (epoch) => {
  const system = { environment: { SOURCE_DATE_EPOCH: epoch } };
  expect(() => fixedTime({ system })).toThrow("SOURCE_DATE_EPOCH");
});
