import { isSelectableName } from "@drayage/image-layout";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { s3 } from "../src/index.ts";
import { formatS3Location, isArchive } from "../src/s3-location.ts";
import type { S3Location } from "../src/s3-location.ts";

const transport = s3();
const digest = `sha256:${"0".repeat(64)}`;

describe("a reference is parsed", () => {
  test.each([
    ["//images/alpine:3.20", "images", "alpine", "3.20", undefined],
    ["//images/a/b/c:1.0-rc.1", "images", "a/b/c", "1.0-rc.1", undefined],
    ["//images/a/b", "images", "a/b", undefined, undefined],
    [`//images/a/b:1@${digest}`, "images", "a/b", "1", digest],
    [`//images/a/b@${digest}`, "images", "a/b", undefined, digest],
    ["//images", "images", "", undefined, undefined],
    ["//images:tag", "images", "", "tag", undefined],
    ["//images/a:v1.0__rc", "images", "a", "v1.0__rc", undefined],
    ["//images/a:_x-", "images", "a", "_x-", undefined],
    ["//images/a:@1", "images", "a", "@1", undefined],
    ["//images:@1", "images", "", "@1", undefined],
    ["//images/a:docker.io%2Flibrary%2Fx%3A1", "images", "a", "docker.io/library/x:1", undefined],
    ["//images/a:b%20c%3F%25%40ü", "images", "a", "b c?%@ü", undefined],
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
  ])("%s is formatted as %s", (text, written) => {
    expect(transport.parseReference(text).stringWithinTransport).toBe(written);
  });
});

test.each([
  ["images/a:1", "has no slashes before the bucket"],
  ["//", "has no bucket"],
  ["///a", "has no bucket"],
  ["//AB/a", "has a bucket with capital letters"],
  ["//ab/a", "has a bucket of two letters"],
  ["//a..b/a", "has a bucket with two dots"],
  ["//192.168.0.1/a", "has an address as its bucket"],
  ["//images/a//b", "has an empty folder"],
  ["//images/../b", "leads out of the bucket"],
  ["//images/a%2Fb", "hides a slash"],
  ["//images/a:b/c", "has a colon in its prefix"],
  ["//images/a:b:c", "has two tags"],
  ["//images/a:", "has an empty tag"],
  ["//images/a:b c", "has a tag with a space"],
  ["//images/a:%0A", "has a tag with a line break"],
  ["//images/a:%401", "has a tag that starts with an @"],
  ["//images/a:b%", "has a tag with an incomplete escape"],
  ["//images/a:@", "has no number after an @"],
  ["//images/a:@x", "has no valid number after an @"],
  [`//images/a:@${"9".repeat(20)}`, "has a position that is too large"],
  ["//images/a?region=eu", "has a query"],
  ["//images/a%", "has an incomplete escape"],
  ["//images/a@b", "has no digest after an @"],
  [`//AKIA:secret@images/a`, "has credentials"],
  ["//images/a.tar/", "is a layout with the name of an archive"],
  ["//images/a.tar/:1", "is an image in such a layout"],
  ["//images/a.tar:", "has an archive and an empty name"],
  ["//images/a.tar:@x", "has an archive and an invalid position"],
  ["//images/a.tar:a\u0007b", "has an archive and a control character"],
  [`//images/a.tar@${digest}`, "has an archive and a digest"],
  ["//images/a.tar?b", "has an archive with a query"],
  [`//images/${"a".repeat(1000)}`, "is longer than a prefix"],
  [`//images/${"a".repeat(1021)}.tar`, "is longer than a key"],
])("%s is rejected: it %s", (text) => {
  expect(() => transport.parseReference(text)).toThrow(
    expect.objectContaining({ code: "invalid-reference" }),
  );
});

describe("an archive is recognized by its key", () => {
  test.each([
    ["//images/a.tar", "a.tar", undefined],
    ["//images/a/b.tar:x:1", "a/b.tar", "x:1"],
    ["//images/a.tar:docker.io/library/x:1", "a.tar", "docker.io/library/x:1"],
    ["//images/a.tar:localhost:5000/x", "a.tar", "localhost:5000/x"],
    [`//images/a.tar:x@${digest}`, "a.tar", `x@${digest}`],
    ["//images/a.tar:@3", "a.tar", "@3"],
    ["//images/a.tar:a b", "a.tar", "a b"],
    ["//images/%3A%40.tar:1", ":@.tar", "1"],
    ["//images/.tar", ".tar", undefined],
    [`//images/${"a".repeat(1020)}.tar`, `${"a".repeat(1020)}.tar`, undefined],
    ["//images/a.tgz:1", "a.tgz", "1"],
    ["//images/a.tar.gz:1", "a.tar.gz", "1"],
    ["//images/a.tar.zst:1", "a.tar.zst", "1"],
    ["//images/a.tar.xz:1", "a.tar.xz", "1"],
    ["//images/a.tar.bz2:1", "a.tar.bz2", "1"],
  ])("%s", (text, key, image) => {
    const reference = transport.parseReference(text);
    expect(reference).toMatchObject({ prefix: key, tag: image, digest: undefined });
    expect(reference.stringWithinTransport).toBe(text);
    expect(isArchive(reference)).toBe(true);
  });

  test.each(["//images/a.tar/b:1", "//my.tar:1", "//images/atar", "//images/a.tar.sig"])(
    "and %s is not an archive",
    (text) => {
      expect(isArchive(transport.parseReference(text))).toBe(false);
    },
  );

  test("also percent-encoded", () => {
    const { stringWithinTransport } = transport.parseReference("//images/a%2Etar:@1");
    expect(stringWithinTransport).toBe("//images/a.tar:@1");
  });
});

test("a formatted reference parses to the same image", () => {
  const segment = fc
    .stringMatching(/^[a-zA-Z0-9:@?%& ü+._-]{1,8}$/)
    .filter((text) => !/^\.+$/.test(text));
  const folder = fc.array(segment, { maxLength: 3 });
  const tag = fc.oneof(
    fc.string({ minLength: 1, unit: "grapheme" }).filter(isSelectableName),
    fc.nat().map((at) => `@${at}`),
  );
  const image = fc.oneof(
    fc.stringMatching(/^[a-z0-9]{1,3}([-._:@+/][a-z0-9]{1,3}){0,4}$/),
    fc.nat().map((position) => `@${position}`),
  );
  const archive = fc
    .tuple(folder, segment, fc.option(image, { nil: undefined }))
    .map(([folders, name, chosen]) => ({
      prefix: [...folders, `${name}.tar`].join("/"),
      tag: chosen,
      digest: undefined,
    }));
  const layout = fc.record({
    prefix: folder.map((folders) => folders.join("/")).filter((prefix) => !isArchive({ prefix })),
    tag: fc.option(tag, { nil: undefined }),
    digest: fc.constantFrom(undefined, digest),
  });
  fc.assert(
    fc.property(fc.oneof(archive, layout), (which) => {
      const location = { bucket: "images", ...which } as S3Location;
      const text = formatS3Location(location);
      const { bucket, prefix, tag: found, digest: named } = transport.parseReference(text);
      expect({ bucket, prefix, tag: found, digest: named }).toEqual(location);
    }),
  );
});

test("the policy scopes of an archive are its key, the parent folders and the bucket", () => {
  const reference = transport.parseReference("//images/a/b.tar:example.com/x:1");
  expect(reference.policyConfigurationIdentity).toBe("images/a/b.tar");
  const scopes = ["images/a/b.tar", "images/a", "images"];
  expect(reference.policyConfigurationNamespaces).toEqual(scopes);
  for (const scope of scopes) transport.validatePolicyConfigurationScope(scope);
});

test("shared blobs cannot be in an archive", () => {
  expect(() => s3({ blobs: "s3://images/a.tar" })).toThrow(
    expect.objectContaining({ code: "invalid-reference" }),
  );
});

test("the policy scopes of an image are its prefix, the parent folders and the bucket", () => {
  const reference = transport.parseReference("//images/a/b:tag");
  expect(reference.policyConfigurationIdentity).toBe("images/a/b");
  expect(reference.policyConfigurationNamespaces).toEqual(["images/a/b", "images/a", "images"]);
});

test.each(["images/", "images//a", "Images", "images/a:tag/..", ""])(
  "%j is not a policy scope",
  (scope) => {
    expect(() => transport.validatePolicyConfigurationScope(scope)).toThrow(
      expect.objectContaining({ code: "invalid-scope" }),
    );
  },
);

test("an image cannot be written by digest", async () => {
  const reference = transport.parseReference(`//images/a@${digest}`);
  await expect(reference.newImageDestination()).rejects.toMatchObject({
    code: "invalid-reference",
  });
});

test.each(["@0", "b%20c", "%C3%BC"])("an image cannot be written with the tag %s", async (tag) => {
  const reference = transport.parseReference(`//images/a:${tag}`);
  await expect(reference.newImageDestination()).rejects.toMatchObject({
    code: "invalid-reference",
  });
});
