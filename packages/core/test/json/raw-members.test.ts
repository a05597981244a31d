import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compactJSON, rawMembers } from "../../src/json/raw-members.ts";

describe("the members of an object as text", () => {
  test("stay as they were written", () => {
    const text = ' { "a" : 1.0 ,"b":"}\\"," , "c\\u0041":[ {"d":1} , "]" ], "e":{} ,"f":-0e1}\n';
    expect([...rawMembers(text)]).toEqual([
      ["a", "1.0"],
      ["b", '"}\\","'],
      ["cA", '[ {"d":1} , "]" ]'],
      ["e", "{}"],
      ["f", "-0e1"],
    ]);
  });

  test("are none of an empty object", () => {
    expect(rawMembers(" { } ").size).toBe(0);
  });

  test("have the values that JSON.parse reads", () => {
    const members = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(members, fc.constantFrom(undefined, " ", "\t", 2), (value, space) => {
        const found = rawMembers(JSON.stringify(value, undefined, space));
        const read = [...found].map(([key, text]) => [key, JSON.parse(text) as unknown]);
        expect(read).toEqual(Object.entries(JSON.parse(JSON.stringify(value)) as object));
      }),
    );
  });
});

test("compact JSON is what JSON.stringify writes without white space", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(compactJSON(JSON.stringify(value, undefined, 3))).toBe(JSON.stringify(value));
    }),
  );
});
