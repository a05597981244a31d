import type { Digest } from "@drayage/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatSelector, isSelectableName, nameToWrite, parseLayoutPath } from "../src/index.ts";
import type { ImageSelector } from "../src/index.ts";

const digest = `sha256:${"0".repeat(64)}` as Digest;
const only: ImageSelector = { kind: "only" };
const named = (name: string): ImageSelector => ({ kind: "name", name });
const at = (position: number): ImageSelector => ({ kind: "position", position });

describe("the first colon separates the path and the selector", () => {
  test.each([
    ["/a/b", "/a/b", only],
    ["/a/b:", "/a/b", only],
    ["a:v1", "a", named("v1")],
    ["a:b:c", "a", named("b:c")],
    ["a:busybox:notlatest+1", "a", named("busybox:notlatest+1")],
    ["a:library/busybox@sha256:0123", "a", named("library/busybox@sha256:0123")],
    ["a:x--y/z_1", "a", named("x--y/z_1")],
    ["a:@0", "a", at(0)],
    ["a:@12", "a", at(12)],
    [`a:@${digest}`, "a", { kind: "digest", digest }],
    // Names that are read, because other tools write them, but not written.
    ["a:-v1", "a", named("-v1")],
    ["a:v1-", "a", named("v1-")],
    ["a:v..1", "a", named("v..1")],
    ["a:v---1", "a", named("v---1")],
    ["a:/v1", "a", named("/v1")],
    ["a:v1/", "a", named("v1/")],
    ["a:v//1", "a", named("v//1")],
    ["a:v 1", "a", named("v 1")],
    ["a:ü", "a", named("ü")],
    ["a:invalid'image!value@", "a", named("invalid'image!value@")],
    ["with space/and@at:v", "with space/and@at", named("v")],
  ] as const)("%s", (text, path, selector) => {
    expect(parseLayoutPath(text, "linux")).toEqual({ path, selector });
  });
});

describe("on Windows the colon after a drive letter is part of the path", () => {
  test.each([
    ["C:\\a\\b", "C:\\a\\b", only],
    ["C:\\a\\b:v1", "C:\\a\\b", named("v1")],
    ["c:/a:v1:2", "c:/a", named("v1:2")],
    ["relative\\a:v1", "relative\\a", named("v1")],
    ["C:v1", "C", named("v1")],
  ] as const)("%s", (text, path, selector) => {
    expect(parseLayoutPath(text, "win32")).toEqual({ path, selector });
  });
});

test.each([
  "",
  ":v1",
  "a:@",
  "a:@-1",
  "a:@+1",
  "a:@1.5",
  "a:@x",
  "a:@0x1",
  "a:@99999999999999999999",
  "a:v1\n",
  "a:\u001b[2J",
  "a:v\u0085",
  "a:@sha256:0123",
  "a:@v1",
])("%j does not select an image", (text) => {
  expect(() => parseLayoutPath(text)).toThrow(
    expect.objectContaining({ code: "invalid-reference" }),
  );
});

test("a formatted selector parses to the same selector", () => {
  const name = fc
    .string({ minLength: 1, unit: "grapheme" })
    .filter((text) => isSelectableName(text))
    .map(named);
  const selector = fc.oneof(name, fc.nat().map(at), fc.constant(only));
  const law = fc.property(selector, (image) => {
    expect(parseLayoutPath(`/p:${formatSelector(image)}`, "linux").selector).toEqual(image);
  });
  fc.assert(law);
});

describe("an image is written under a portable name, or without a name", () => {
  test.each([
    "v1",
    "v1.0__rc",
    "_x",
    "v1-",
    "a..b",
    "a---b",
    "busybox:notlatest+1",
    "docker.io/library/alpine:3.18",
    "registry.example:5000/x_y/z@sha256:0123",
  ])("%s", (name) => {
    expect(nameToWrite(named(name))).toBe(name);
  });

  test("no name", () => {
    expect(nameToWrite(only)).toBeUndefined();
  });

  test.each<[string, ImageSelector]>([
    ["a name with a space", named("v 1")],
    ["a name with a non-ASCII letter", named("ü")],
    ["a name that begins with a hyphen", named("-v1")],
    ["a name that begins with a dot", named(".v1")],
    ["a name with an empty part", named("v//1")],
    ["a name that begins with a slash", named("/v1")],
    ["a name that ends with a slash", named("v1/")],
    ["a name with a quote", named("a'b")],
    ["a very long name", named("a".repeat(5000))],
    ["a position", at(0)],
    ["a digest", { kind: "digest", digest }],
  ])("and not under %s", (_, selector) => {
    expect(() => nameToWrite(selector)).toThrow(
      expect.objectContaining({ code: "invalid-reference" }),
    );
  });
});
