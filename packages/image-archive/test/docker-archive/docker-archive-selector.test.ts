import fc from "fast-check";
import { expect, test } from "vitest";

import {
  checkArchivedImage,
  formatDockerArchiveSelector,
  parseDockerArchiveSelector,
} from "../../src/index.ts";

test.each([
  [undefined, undefined],
  ["x", "docker.io/library/x:latest"],
  ["x:1", "docker.io/library/x:1"],
  ["docker.io/library/x:1", "docker.io/library/x:1"],
  ["localhost:5000/a/b:1", "localhost:5000/a/b:1"],
  ["@0", "@0"],
  ["@12", "@12"],
])("%s selects %s", (text, written) => {
  const selector = parseDockerArchiveSelector(text);
  expect(formatDockerArchiveSelector(selector)).toBe(written);
  expect(parseDockerArchiveSelector(written)).toEqual(selector);
});

const rejected = expect.objectContaining({ code: "invalid-reference" });

test.each(["", "@", "@-1", "@1.5", "@x", `@${"9".repeat(20)}`])(
  "%j is invalid in both archive formats",
  (text) => {
    expect(() => parseDockerArchiveSelector(text)).toThrow(rejected);
    expect(() => checkArchivedImage(text)).toThrow(rejected);
  },
);

test.each(["UPPER", `x@sha256:${"0".repeat(64)}`])(
  "%s is a valid image name only in an OCI archive",
  (text) => {
    expect(() => parseDockerArchiveSelector(text)).toThrow(rejected);
    checkArchivedImage(text);
  },
);

test.each(["a__b:1", "a/b---c:1"])("%s is a valid image name only in a docker archive", (text) => {
  checkArchivedImage(text);
  expect(formatDockerArchiveSelector(parseDockerArchiveSelector(text))).toContain(text);
});

test("a formatted position is parsed back to the same position", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (position) => {
      const text = formatDockerArchiveSelector({ kind: "position", position });
      expect(parseDockerArchiveSelector(text)).toEqual({ kind: "position", position });
    }),
  );
});
