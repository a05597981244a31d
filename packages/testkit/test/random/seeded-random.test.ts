import fc from "fast-check";
import { expect, test } from "vitest";

import { SeededRandom } from "../../src/random/seeded-random.ts";

test("the same seed gives the same numbers, independent of the read sizes", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(100), fc.nat(100), (seed, a, b) => {
      const [whole, parts] = [new SeededRandom(seed), new SeededRandom(seed)];
      expect(Buffer.concat([parts.bytes(a), parts.bytes(b)])).toEqual(
        Buffer.from(whole.bytes(a + b)),
      );
    }),
  );
});

test("numbers are less than their end", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1 }), (seed, end) => {
      const number = new SeededRandom(seed).integer(end);
      expect(number >= 0 && number < end && Number.isInteger(number)).toBe(true);
    }),
  );
});

test("a fork depends on its label only", () => {
  const [used, unused] = [new SeededRandom("seed"), new SeededRandom("seed")];
  used.bytes(10);
  expect(used.fork("a").word(8)).toBe(unused.fork("a").word(8));
  expect(used.fork("a").word(8)).not.toBe(used.fork("b").word(8));
});
