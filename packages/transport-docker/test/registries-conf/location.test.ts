import { formatNamedReference, parseNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import {
  isWithin,
  readLocation,
  readPrefix,
  relocated,
} from "../../src/registries-conf/location.ts";
import type { Location } from "../../src/registries-conf/location.ts";

const digest = `@sha256:${"a".repeat(64)}`;

function read(text: string): Location {
  const location = readPrefix(text);
  if (typeof location === "string") throw new Error(location);
  return location;
}

describe("whether an image is within a prefix:", () => {
  test.each([
    ["example.com/foo", "example.com", true],
    ["example.com/foo/bar:baz", "example.com", true],
    [`example.com/foo/bar${digest}`, "example.com", true],
    ["example.com:5000/foo", "example.com:5000", true],
    ["example.com:50000/foo", "example.com:5000", false],
    // containers/image accepts this, and documents it as a bug.
    ["example.com:5000/foo", "example.com", false],
    ["example.com/foo", "example.com:5000", false],
    ["EXAMPLE.com/foo", "example.com", true],
    ["example.comx/foo", "example.com", false],
    ["docker.io/library/busybox", "docker.io/library", true],
    ["docker.io/libraryy/busybox", "docker.io/library", false],
    ["docker.io/library/busybox", "docker.io/library/busybox", true],
    ["docker.io/library/busybox:1", "docker.io/library/busybox", true],
    ["docker.io/library/busybox2", "docker.io/library/busybox", false],
    ["busybox", "index.docker.io", true],
    ["docker.io/foo", "*.io", true],
    ["docker.io/foo", "*.com", false],
    ["example.com/foo", "*.co", false],
    ["example.com/foo", "*.example.com", false],
    ["example.com:5000/foo", "*.com", true],
    ["sub.example.com:5000/foo", "*.example.com", true],
    ["yet.another.example.com/foo/bar", "*.another.example.com", true],
    ["another.example.com/namespace.com/foo", "*.namespace.com", false],
    ["example.net/namespace-ends-in.com/foo", "*.com", false],
    ["notexample.com/foo", "*.example.com", false],
    [`yet.another.sub.example.com/foo/bar${digest}`, "*.sub.example.com", true],
  ])("%s, %s: %s", (name, prefix, expected) => {
    expect(isWithin(parseNamedReference(name), read(prefix))).toBe(expected);
  });
});

describe("an image is relocated:", () => {
  test.each([
    ["example.com/image", "example.com", "example.com", "example.com/image"],
    ["example.com/image:latest", "example.com", "example.com", "example.com/image:latest"],
    ["example.com:5000/image", "example.com:5000", "example.com:5000", "example.com:5000/image"],
    [`example.com/foo${digest}`, "example.com", "example.com", `example.com/foo${digest}`],
    [`example.com/foo:1${digest}`, "example.com", "b.com:1/x", `b.com:1/x/foo:1${digest}`],
    ["example.com/foo/image:latest", "example.com/foo", "example.com", "example.com/image:latest"],
    ["example.com/foo/image:1", "example.com/foo", "example.com/path", "example.com/path/image:1"],
    ["example.com/foo:1", "example.com/foo", "example.com/path", "example.com/path:1"],
    ["docker.io/library/image", "docker.io/library", "example.com", "example.com/image"],
    ["docker.io/library/image", "docker.io", "example.com", "example.com/library/image"],
    ["docker.io/library/prefix/image", "docker.io/library/prefix", "a.com", "a.com/image"],
    ["example.com/image", "example.com", "docker.io", "docker.io/library/image"],
    ["docker.io/namespace/image", "*.io", "example.com", "example.com/namespace/image"],
    ["sub.example.io/library/image", "*.example.io", "example.com", "example.com/library/image"],
    ["a.sub.example.io:5000/i:1", "*.sub.example.io", "example.com", "example.com:5000/i:1"],
    ["a.sub.example.io:5000/i:1", "*.sub.example.io", "example.com:80", "example.com:80/i:1"],
    ["a.sub.example.io:5000/i:1", "*.sub.example.io", "example.com/x", "example.com/x/i:1"],
    ["foo.bar.io/ns1/ns2", "*.bar.io", "omg.bbq.com/roflmao", "omg.bbq.com/roflmao/ns1/ns2"],
  ])("%s from %s to %s is %s", (name, from, to, expected) => {
    const moved = relocated(parseNamedReference(name), read(from), read(to));
    expect(formatNamedReference(moved)).toBe(expected);
  });

  test.each([
    ["example.com/foo:latest", "example.com/foo", "example.com"],
    [`example.com/foo${digest}`, "example.com/foo", "example.com"],
    [`example.com/${"a".repeat(240)}`, "example.com", "a-longer-name.example.com"],
  ])("%s from %s to %s is rejected", (name, from, to) => {
    expect(() => relocated(parseNamedReference(name), read(from), read(to))).toThrow(
      expect.objectContaining({ code: "invalid-reference" }),
    );
  });
});

test.each(["", "/", "*.a.com", "a", "a.com//b", "a.com/b/-", "a b.com", "a.com/b?c", "me@a.com"])(
  "%j is not a location",
  (text) => {
    expect(readLocation(text)).toEqual(expect.any(String));
  },
);
