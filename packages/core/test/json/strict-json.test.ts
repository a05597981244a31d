import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isRawJSON } from "../../src/json/json-number.ts";
import type { JSONShape } from "../../src/json/json-shape.ts";
import { parseStrictJSON } from "../../src/json/strict-json.ts";
import { isJSONObject } from "../../src/manifest/json-object.ts";

const parse = (text: string, shape?: JSONShape): unknown =>
  parseStrictJSON("document", Buffer.from(text), shape);

const rejected = expect.objectContaining({ code: "invalid-manifest" });

describe("strict JSON", () => {
  test("is parsed like JSON.parse", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), (value, indent) => {
        fc.pre(!hasAmbiguousKeys(value));
        const text = JSON.stringify(value, undefined, indent);
        expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test("is rejected if JSON.parse rejects it", () => {
    const characters = '{}[]":,\\ \n\t0123456789.-+eEtruefalsn/bu\u00a0\u2028'.split("");
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...characters), { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const isStrict = isRead(() => parse(text));
        expect(isStrict && !isRead(() => JSON.parse(text))).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ["no content", ""],
    ["only white space", " \n"],
    ["a comment", "/* */ 1"],
    ["text after its end", "{} {}"],
    ["a trailing comma", '{"a":1,}'],
    ["a trailing comma in an array", "[1,]"],
    ["a key without quotes", "{a:1}"],
    ["single quotes", "{'a':1}"],
    ["no colon", '{"a" 1}'],
    ["a leading zero", "[01]"],
    ["a plus", "[+1]"],
    ["no digit after the point", "[1.]"],
    ["NaN", "NaN"],
    ["a word with a suffix", "[trueish]"],
    ["an open string", '"a'],
    ["an open escape", '"a\\'],
    ["an unknown escape", '"\\x41"'],
    ["a line feed in a string", '"a\nb"'],
    ["a NUL in a string", '"a\0b"'],
    ["a NUL after its end", "{}\0"],
    ["a byte order mark", "\ufeff{}"],
    ["a no-break space", "\u00a0{}"],
    ["half a surrogate pair", '"\\ud800"'],
    ["half a surrogate pair in a key", '{"\\udc00":1}'],
    ["a surrogate pair in the wrong order", '"\\udc00\\ud800"'],
    ["a web page", "<html></html>"],
  ])("is rejected if it has %s", (_, text) => {
    expect(() => parse(text)).toThrow(rejected);
  });

  test("is rejected if it is not UTF-8", () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      expect(() => parseStrictJSON("document", Buffer.from(bytes))).toThrow(rejected);
  });

  test("is rejected if it is nested too deeply, at any depth", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parse(nested(1000))).toHaveLength(1);
    expect(() => parse(nested(1001))).toThrow(rejected);
    expect(() => parse(nested(1_000_000))).toThrow(rejected);
    expect(() => parse('{"a":'.repeat(1_000_000))).toThrow(rejected);
  });

  test("is rejected if an object has too many keys", () => {
    const keys = (count: number): string =>
      Array.from({ length: count }, (_, at) => `"${at}":0`).join();
    expect(Object.keys(parse(`{${keys(20_000)}}`) as object)).toHaveLength(20_000);
    expect(() => parse(`{${keys(20_001)}}`)).toThrow(rejected);
  });

  test("is refused where it has more values than an index of any size", () => {
    const zeros = (count: number): string => `[${"0,".repeat(count - 1)}0]`;
    expect(parse(zeros(2_099_999))).toHaveLength(2_099_999);
    expect(() => parse(zeros(2_100_000))).toThrow(rejected);
  });

  test("has white space of four kinds", () => {
    expect(parse('\t\r\n {\t"a"\r:\n[ ]\t}\r')).toEqual({ a: [] });
  });

  test.each([
    ["a byte order mark", "\ufeff{}", "starts with a byte order mark"],
    ["a web page", "\n <html>", "looks like a web page"],
    ["the end of a web page", "{} <", "not JSON at position 3 of 4"],
  ])("is refused with a message that mentions %s", (_, text, why) => {
    expect(() => parse(text)).toThrow(why);
  });

  test("is refused with the cause if its encoding or an escape is wrong", () => {
    const failure = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        return error;
      }
    };
    const notUTF8 = failure(() => parseStrictJSON("document", Buffer.from([0x22, 0xff, 0x22])));
    expect(notUTF8).toHaveProperty("cause", expect.any(TypeError));
    expect(failure(() => parse('"\\x41"'))).toHaveProperty("cause", expect.any(SyntaxError));
  });

  test.each([
    ["plain", "a", '"a"'],
    ["of terminal control characters", "\u001b\u202e", '"\\u001b\\u202e"'],
    ["of 60 characters", "k".repeat(60), `"${"k".repeat(60)}"`],
    ["of 61 characters", "k".repeat(61), `"${"k".repeat(60)}…"`],
  ])("is refused with a message that contains the key, if it is %s", (_, key, shown) => {
    const text = JSON.stringify(key);
    expect(() => parse(`{${text}:1,${text}:2}`)).toThrow(
      `Invalid document: ambiguous: ${shown} appears twice`,
    );
  });

  test("is named in the message, which contains only printable ASCII", () => {
    const text = `{"\u001b[31m\u009b\u202e":1,"\u001b[31m\u009b\u202e":2}`.replaceAll(
      "\u001b",
      "\\u001b",
    );
    expect(() => parse(text)).toThrow(/^Invalid document: ambiguous: [\x20-\x7e]+$/);
  });
});

describe("two keys of one object are rejected if they are", () => {
  test.each([
    ["the same", '{"a":1,"a":1}'],
    ["the same after much white space", `{"a":1,"a"${" ".repeat(1000)}:1}`],
    ["the same, once escaped", '{"digest":1,"d\\u0069gest":1}'],
    ["the same at some depth", '{"a":[[{"b":{"c":1,"d":2,"c":3}}]]}'],
    ["the same in another case", '{"digest":1,"Digest":2}'],
    ["the same in another case, in reverse order", '{"Digest":1,"digest":2}'],
    ["two spellings of a third", '{"DIGEST":1,"Digest":2}'],
    ["the same field in Go", '{"layers":1,"layer\u017f":2}'],
    ["the same field in Go, escaped", '{"layers":1,"layer\\u017f":2}'],
    ["empty", '{"":1,"":2}'],
    ["names of a prototype", '{"__proto__":1,"__proto__":2}'],
    ["numbers", '{"1":1,"1":2}'],
  ])("%s", (_, text) => {
    expect(() => parse(text)).toThrow(rejected);
  });

  test("but not if they are in different objects", () => {
    expect(parse('{"a":{"A":1},"b":[{"a":1},{"A":1}]}')).toEqual({
      a: { A: 1 },
      b: [{ a: 1 }, { A: 1 }],
    });
  });
});

describe("the shape of a format", () => {
  /** A new one each time: the parser caches what it derives from a shape. */
  const shape = (): JSONShape => ({
    layers: { digest: "any", annotations: "map" },
    labels: "map",
  });

  test.each([
    ["a field in another spelling", '{"Layers":[]}'],
    ["a field in a spelling that only Go accepts", '{"layer\u017f":[]}'],
    ["a field in another spelling in an array", '{"layers":[[{"Digest":1}]]}'],
    ["a map in another spelling", '{"Labels":{"a":1}}'],
    ["a key twice in a map", '{"labels":{"a":1,"a":2}}'],
    ["a key twice below a map", '{"labels":{"a":{"b":1,"b":2}}}'],
  ])("rejects %s", (_, text) => {
    expect(() => parse(text, shape())).toThrow(rejected);
  });

  test.each([
    ["keys of a map that differ in case", '{"labels":{"a":1,"A":2,"layers":3,"Layers":4}}'],
    ["keys of a map in an array", '{"layers":[{"annotations":{"Digest":1,"digest":2}}]}'],
    ["a field's name where it is not a field", '{"other":{"Layers":1}}'],
  ])("accepts %s", (_, text) => {
    expect(parse(text, shape())).toEqual(JSON.parse(text));
  });
});

describe("parsed objects", () => {
  test("inherit nothing, and contain keys such as constructor if the text does", () => {
    const empty = parse("{}") as Record<string, unknown>;
    for (const key of ["constructor", "toString", "__proto__", "hasOwnProperty"])
      expect([key, empty[key], key in empty]).toEqual([key, undefined, false]);
    const own = parse('{"__proto__":{"a":1},"constructor":2}') as Record<string, unknown>;
    expect(Object.keys(own)).toEqual(["__proto__", "constructor"]);
    expect(own["a"]).toBeUndefined();
    expect(JSON.stringify(own)).toBe('{"__proto__":{"a":1},"constructor":2}');
  });
});

describe("a number", () => {
  test.each(["0", "-1", "1.5", "1e+21", "9007199254740991", "0.1"])("%s is a number", (text) => {
    expect(parse(text)).toBe(Number(text));
  });

  test.each(["1.0", "1e3", "-0", "9007199254740993", "1e400", "0.10", "1E2", "1e-400"])(
    "%s, which Go reads differently, keeps its source text",
    (text) => {
      const value = parse(text);
      expect(typeof value).not.toBe("number");
      expect([isRawJSON(value), isJSONObject(value)]).toEqual([true, false]);
      expect(JSON.stringify({ a: value })).toBe(`{"a":${text}}`);
    },
  );
});

function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** Few generated values have them. */
function hasAmbiguousKeys(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const keys = Array.isArray(value) ? [] : Object.keys(value).map((key) => key.toUpperCase());
  return new Set(keys).size < keys.length || Object.values(value).some(hasAmbiguousKeys);
}
