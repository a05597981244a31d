import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatSelector, nameToWrite, parseLayoutPath } from "../src/index.ts";
import type { ImageSelector } from "../src/index.ts";

const only: ImageSelector = { kind: "only" };
const named = (name: string): ImageSelector => ({ kind: "name", name });
const at = (position: number): ImageSelector => ({ kind: "position", position });

describe("a path and an image are told apart at the first colon", () => {
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
    ["with space/and@at:v", "with space/and@at", named("v")],
  ] as const)("%s", (text, path, selector) => {
    expect(parseLayoutPath(text, "linux")).toEqual({ path, selector });
  });
});

describe("on Windows the colon of a drive is part of the path", () => {
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
  "a:-v1",
  "a:v1-",
  "a:v..1",
  "a:v---1",
  "a:/v1",
  "a:v1/",
  "a:v//1",
  "a:v 1",
  "a:ü",
  "a:invalid'image!value@",
  "a:@",
  "a:@-1",
  "a:@+1",
  "a:@1.5",
  "a:@x",
  "a:@0x1",
  "a:@99999999999999999999",
  "a:v1\n",
])("%j is no image of a layout", (text) => {
  expect(() => parseLayoutPath(text)).toThrow(
    expect.objectContaining({ code: "invalid-reference" }),
  );
});

test("what is written for an image is read back as the same image", () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,3}([-._:@+/][A-Z0-9]{1,3}){0,4}$/).map(named);
  const selector = fc.oneof(name, fc.nat().map(at), fc.constant(only));
  const law = fc.property(selector, (image) => {
    expect(parseLayoutPath(`/p:${formatSelector(image)}`).selector).toEqual(image);
  });
  fc.assert(law);
});

test("an image is written under a name or none, not to a position", () => {
  expect(nameToWrite(named("v1"))).toBe("v1");
  expect(nameToWrite(only)).toBeUndefined();
  expect(() => nameToWrite(at(0))).toThrow(expect.objectContaining({ code: "invalid-reference" }));
});
