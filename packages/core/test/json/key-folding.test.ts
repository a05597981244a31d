import { describe, expect, test } from "vitest";

import { foldedKey } from "../../src/json/key-folding.ts";

/** Written with escapes, because some of them look alike. */
const sameFields: readonly (readonly [string, string])[] = [
  ["layers", "Layers"],
  ["layers", "LAYERS"],
  ["layers", "layer\u017f"],
  ["layers", "LAYER\u017f"],
  ["blink", "blin\u212a"],
  ["\u03c3", "\u03c2"],
  ["\u00b5", "\u03bc"],
  ["\u00e5", "\u212b"],
  ["\u00df", "\u1e9e"],
  ["\u0345", "\u1fbe"],
  ["\u01c4", "\u01c5"],
  ["\u{10400}", "\u{10428}"],
];

/** Lower and upper case of each other in some language or function, but not in Go. */
const otherFields: readonly (readonly [string, string])[] = [
  ["size", "s\u0131ze"],
  ["size", "s\u0130ze"],
  ["size", "si\u0307ze"],
  ["\u00df", "ss"],
  ["\ufb01", "fi"],
  ["digest", "digests"],
  ["layer_s", "layers"],
  ["a\0", "a"],
];

describe("two keys", () => {
  test.each(sameFields)("%j and %j are one field in Go", (one, other) => {
    expect(foldedKey(one)).toBe(foldedKey(other));
  });

  test.each(otherFields)("%j and %j are two fields in Go", (one, other) => {
    expect(foldedKey(one)).not.toBe(foldedKey(other));
  });

  test("of one cased letter are one field exactly if a regular expression ignores their case", () => {
    const letters: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const letter = String.fromCodePoint(code);
      if (/\p{Cased}|\p{CWCM}|\p{CWCF}/u.test(letter)) letters.push(letter);
    }
    const all = letters.join("");
    const byField = Map.groupBy(letters, foldedKey);
    // Pairs of Unicode 15.1, which Go does not support yet.
    const isNewer = /[\u0390\u03b0\u1fd3\u1fe3\ufb05\ufb06]/u;
    const wrong = letters.filter((letter) => {
      if (isNewer.test(letter)) return false;
      const same = all.match(new RegExp(letter, "giu")) ?? [];
      return same.join("") !== byField.get(foldedKey(letter))?.join("");
    });
    expect(letters.length).toBeGreaterThan(2500);
    expect(wrong).toEqual([]);
  });
});
