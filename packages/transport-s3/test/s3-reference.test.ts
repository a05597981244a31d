import { describe, expect, test } from "vitest";

import { s3 } from "../src/index.ts";

const transport = s3();
const digest = `sha256:${"0".repeat(64)}`;

describe("a reference is read", () => {
  test.each([
    ["//images/alpine:3.20", "images", "alpine", "3.20", undefined],
    ["//images/a/b/c:1.0-rc.1", "images", "a/b/c", "1.0-rc.1", undefined],
    ["//images/a/b", "images", "a/b", undefined, undefined],
    [`//images/a/b:1@${digest}`, "images", "a/b", "1", digest],
    [`//images/a/b@${digest}`, "images", "a/b", undefined, digest],
    ["//images", "images", "", undefined, undefined],
    ["//images:tag", "images", "", "tag", undefined],
    ["//my.images-2/%3A%40%3F%25/ü b", "my.images-2", ":@?%/ü b", undefined, undefined],
  ])("%s", (text, bucket, prefix, tag, expected) => {
    const reference = transport.parseReference(text);
    expect(reference).toMatchObject({ bucket, prefix, tag, digest: expected });
    expect(reference.stringWithinTransport).toBe(text);
  });

  test.each([
    ["//images/", "//images"],
    ["//images/a/b/", "//images/a/b"],
    ["//images/:tag", "//images:tag"],
    ["//images/%61", "//images/a"],
  ])("%s is written %s", (text, written) => {
    expect(transport.parseReference(text).stringWithinTransport).toBe(written);
  });
});

test.each([
  ["images/a:1", "has no slashes before the bucket"],
  ["//", "has no bucket"],
  ["///a", "has no bucket"],
  ["//AB/a", "has a bucket of capital letters"],
  ["//ab/a", "has a bucket of two letters"],
  ["//a..b/a", "has a bucket with two dots"],
  ["//192.168.0.1/a", "has an address for a bucket"],
  ["//images/a//b", "has an empty folder"],
  ["//images/../b", "leads out of the bucket"],
  ["//images/a%2Fb", "hides a slash"],
  ["//images/a:b/c", "has a colon in its prefix"],
  ["//images/a:b:c", "has two tags"],
  ["//images/a:", "has an empty tag"],
  ["//images/a:b c", "has a tag with a space"],
  ["//images/a?region=eu", "has a query"],
  ["//images/a%", "has a % that begins nothing"],
  ["//images/a@b", "has something else than a digest behind an @"],
  [`//AKIA:secret@images/a`, "has credentials"],
  ["//images/a.tar", "is an archive"],
  [`//images/${"a".repeat(1000)}`, "is longer than a key"],
])("%s is refused: it %s", (text) => {
  expect(() => transport.parseReference(text)).toThrow(
    expect.objectContaining({ code: "invalid-reference" }),
  );
});

test("a policy knows an image by its bucket and prefix, and by those above it", () => {
  const reference = transport.parseReference("//images/a/b:tag");
  expect(reference.policyConfigurationIdentity).toBe("images/a/b");
  expect(reference.policyConfigurationNamespaces).toEqual(["images/a/b", "images/a", "images"]);
});

test.each(["images/", "images//a", "Images", "images/a:tag/..", ""])(
  "%j is no scope of a policy",
  (scope) => {
    expect(() => transport.validatePolicyConfigurationScope(scope)).toThrow(
      expect.objectContaining({ code: "invalid-scope" }),
    );
  },
);

test("an image is not written by its digest", async () => {
  const reference = transport.parseReference(`//images/a@${digest}`);
  await expect(reference.newImageDestination()).rejects.toMatchObject({
    code: "invalid-reference",
  });
});
