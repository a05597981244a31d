import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  algorithmOf,
  digestHasher,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
} from "../../src/names/digest.ts";

const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("a digest", () => {
  test.each([empty, `sha384:${"0".repeat(96)}`, `sha512:${"f".repeat(128)}`])("is %s", (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  test.each([
    "",
    "sha256",
    "sha256:",
    empty.toUpperCase(),
    `sha256:${empty.slice("sha256:".length).toUpperCase()}`,
    empty.replace("e3", "E3"),
    empty.replace("sha256", "SHA256"),
    empty.slice(0, -1),
    `${empty}0`,
    `${empty}\n`,
    ` ${empty}`,
    `${empty.slice(0, -1)}g`,
    `${empty.slice(0, -1)}\n`,
    `sha256:g${empty.slice("sha256:".length + 1)}`,
    `sha256:../../../etc/passwd`,
    `sha1:${"0".repeat(40)}`,
    `sha512:${"0".repeat(64)}`,
    `__proto__:${"0".repeat(64)}`,
    `toString:${"0".repeat(64)}`,
    "0".repeat(64),
  ])("is not %j", (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "invalid-reference" }));
  });

  test.each([undefined, null, 7, [empty], { toString: () => empty }])(
    "is a text, unlike %j",
    (value) => {
      expect(isDigest(value)).toBe(false);
    },
  );

  test.each([
    ["no colon", "sha256", 'Not a digest: "sha256"'],
    ["an empty algorithm", ":0", 'Unsupported digest algorithm in ":0"'],
    ["another length", "sha256:0", 'Not a sha256 digest: "sha256:0"'],
    ["160 characters", "a".repeat(160), `"${"a".repeat(160)}"`],
    ["161 characters", "a".repeat(161), `"${"a".repeat(160)}…"`],
  ])("is not a text of %s, and the message explains it", (_, text, why) => {
    expect(() => parseDigest(text)).toThrow(why);
  });

  test("of a copied computation is its own", () => {
    const hasher = digestHasher("sha512").update(Buffer.from("a"));
    const copy = hasher.copy().update(Buffer.from("b"));
    expect(hasher.digest()).toBe(digestOf(Buffer.from("a"), "sha512"));
    expect(copy.digest()).toBe(digestOf(Buffer.from("ab"), "sha512"));
  });

  test("has an algorithm and a hex part", () => {
    const digest = parseDigest(empty);
    expect([algorithmOf(digest), hexOf(digest)]).toEqual(["sha256", empty.slice(7)]);
  });

  test("is the hash of the bytes, for each algorithm", () => {
    for (const algorithm of ["sha256", "sha384", "sha512"] as const) {
      const hash = createHash(algorithm).update("abc").digest("hex");
      expect(digestOf(Buffer.from("abc"), algorithm)).toBe(`${algorithm}:${hash}`);
    }
  });

  test("is independent of chunk boundaries", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const hasher = digestHasher();
        for (const chunk of chunks) hasher.update(chunk);
        expect(hasher.digest()).toBe(digestOf(Buffer.concat(chunks)));
      }),
    );
  });
});
