import { describe, expect, test } from "vitest";

import type { BlobLocation } from "../../src/contract/blob-info.ts";
import { digestOf } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { differenceIn, problemOf } from "../../src/verify/verify-problem.ts";
import type { ProblemSubject } from "../../src/verify/verify-problem.ts";

const [digest, other] = [digestOf(Buffer.from("a")), digestOf(Buffer.from("b"))];
const [first, second] = [digestOf(Buffer.from("first")), digestOf(Buffer.from("second"))];
const layer: ProblemSubject = {
  part: "layer",
  digest,
  size: 10,
  image: "memory:sample",
  namedBy: [first],
  location: undefined,
};
const name = `The layer ${digest} of memory:sample, referenced by ${first},`;
const remedy = ': delete it there, and copy the image again with the option "repair"';

describe("found content", () => {
  test("is no problem with the known digest and size", () => {
    expect(differenceIn(layer, { digest, size: 10 })).toBeUndefined();
    expect(differenceIn({ ...layer, size: undefined }, { digest, size: 11 })).toBeUndefined();
    const tagged = { ...layer, digest: undefined, size: undefined };
    expect(differenceIn(tagged, { digest, size: 1 })).toBeUndefined();
  });

  test.each([
    [{ digest: other, size: 10 }, "wrong-digest", `${name} has the wrong digest ${other}${remedy}`],
    [
      { digest: other, size: 9 },
      "wrong-size",
      `${name} should have 10 bytes and has only 9${remedy}`,
    ],
    [
      { digest: other, size: 11 },
      "wrong-size",
      `${name} should have 10 bytes and has 11 or more${remedy}`,
    ],
    [
      { digest, size: 9 },
      "wrong-size",
      `${name} has 9 bytes, but is referenced with 10: the reference is wrong; rebuild the image`,
    ],
  ] as const)("is a problem where it is %j", (found, kind, message) => {
    expect(differenceIn(layer, found)).toEqual({ ...layer, kind, found, message });
  });

  test("is a problem without a known size", () => {
    const unsized = { ...layer, size: undefined };
    const found = { digest: other, size: 3 };
    expect(differenceIn(unsized, found)).toMatchObject({ kind: "wrong-digest", found });
  });
});

describe("a failure", () => {
  test.each([
    [
      new ImageError("not-found", "gone"),
      "missing",
      `${name} is missing: copy the image there again with the option "repair"`,
    ],
    [
      new ImageError("digest-mismatch", "other"),
      "wrong-digest",
      `${name} cannot be verified: other`,
    ],
    [new ImageError("denied", "no"), "unreadable", `${name} cannot be verified: no`],
  ] as const)("%s is a problem", (failure, kind, message) => {
    expect(problemOf(layer, failure)).toEqual({ ...layer, kind, found: undefined, message });
  });

  test("is not a problem of the image if it is retryable or unknown", () => {
    const passing = new ImageError("unavailable", "busy", { retryable: true });
    expect(problemOf(layer, passing)).toBeUndefined();
    expect(problemOf(layer, new TypeError("bug"))).toBeUndefined();
  });
});

test("the message contains the digest of the part and of its manifests", () => {
  const subject = (more: Partial<ProblemSubject>): string =>
    problemOf({ ...layer, ...more }, new ImageError("not-found", "gone"))?.message ?? "";
  expect(subject({ namedBy: [first, second, other] })).toContain(
    `referenced by ${first} and 2 more,`,
  );
  expect(subject({ namedBy: [] })).toContain("of memory:sample is missing");
  expect(subject({ part: "manifest", digest: undefined, namedBy: [] })).toMatch(
    /^The manifest of memory:sample is missing:/,
  );
});

test.each<[string | undefined, string]>([
  ["https://r.example/a/b", " is missing (https://r.example/a/b): "],
  [undefined, " is missing: "],
])("the location is named as its transport describes it: %s", (description, words) => {
  const location: BlobLocation = { transport: "shelf", scope: "r", path: "a/b", description };
  const gone = new ImageError("not-found", "gone");
  expect(problemOf({ ...layer, location }, gone)?.message).toContain(words);
  const { message } = differenceIn({ ...layer, location }, { digest: other, size: 10 }) ?? {};
  expect(message?.includes(" (")).toBe(words.includes("("));
});
