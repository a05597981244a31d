import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ImageError } from "../../src/names/image-error.ts";
import { printable, printableLines, singleLine, truncateMiddle } from "../../src/text/printable.ts";

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe("printable text", () => {
  test.each([
    ["\u001B[31mred", String.raw`\x1b[31mred`],
    ["\u001B]0;title\u0007", String.raw`\x1b]0;title\x07`],
    ["over\rwritten", String.raw`over\rwritten`],
    ["two\nlines\tand a tab", String.raw`two\nlines\tand a tab`],
    ["\0\b\u007F", String.raw`\x00\x08\x7f`],
    ["\u0085\u009B31m", String.raw`\x85\x9b31m`],
    ["\u202Edesrever\u202C", String.raw`\u202edesrever\u202c`],
    [
      "\u2066\u2067\u2068\u2069\u200E\u200F\u061C",
      "\\u2066\\u2067\\u2068\\u2069\\u200e\\u200f\\u061c",
    ],
    ["\u2028\u2029", String.raw`\u2028\u2029`],
    ["lat\u200Best\uFEFF\u2060\u00AD", String.raw`lat\u200best\ufeff\u2060\xad`],
    ["\uD83D alone", String.raw`\ud83d alone`],
    ["\u{E0041}", String.raw`\u{e0041}`],
    ["– ünïcödé 日本 😀 C:\\images", "– ünïcödé 日本 😀 C:\\images"],
  ])("%j", (text, printed) => {
    expect(printable(text)).toBe(printed);
  });

  test("of several lines keeps line breaks and tabs", () => {
    expect(printableLines("a\tb\n\u001Bc\r\nd")).toBe("a\tb\n\\x1bc\\r\nd");
  });

  test("contains nothing that controls a terminal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(unprintable);
        expect(singleLine(text)).not.toMatch(unprintable);
        expect(printableLines(text).replaceAll(/[\n\t]/g, "")).not.toMatch(unprintable);
      }),
    );
  });

  test("is unchanged when it is escaped again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(printable(text))).toBe(printable(text));
      }),
    );
  });
});

describe("a message", () => {
  test("is one line", () => {
    expect(singleLine(" first\r\n\n  second\n")).toBe("first; second");
  });

  test("is truncated in the middle if it is long", () => {
    const line = singleLine(`No tag ${"x".repeat(1_000_000)}; list the tags first`);
    expect(line.length).toBeLessThan(4100);
    expect(line).toMatch(/^No tag x+… \(996028 characters left out\) …x+; list the tags first$/);
    expect(truncateMiddle("12345678", 8)).toBe("12345678");
    expect(truncateMiddle("123456789", 8)).toBe("123456… (1 characters left out) …89");
  });

  test.each([" ", "\n", "\r", "a \n", "\u001B"])(
    "of a million times %j takes linear time",
    (part) => {
      const started = performance.now();
      singleLine(part.repeat(1_000_000));
      expect(performance.now() - started).toBeLessThan(1000);
    },
  );

  test("of an ImageError is printable and truncated", () => {
    const error = new ImageError(
      "not-found",
      `no tag \u001B]0;owned\u0007\nDone\u202E${"y".repeat(1e6)}`,
    );
    expect(error.message).toMatch(/^no tag \\x1b\]0;owned\\x07; Done\\u202ey+…/);
    expect(error.message.length).toBeLessThan(4100);
    expect(error.stack).not.toContain("\u001B");
  });
});
