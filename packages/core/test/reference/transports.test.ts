import { describe, expect, test } from "vitest";

import { imageName } from "../../src/contract/image-reference.ts";
import type { ImageTransport } from "../../src/contract/image-transport.ts";
import { memory } from "../../src/memory/index.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { Transports } from "../../src/reference/transports.ts";

const named = (name: string, more: Partial<ImageTransport> = {}): ImageTransport => ({
  ...memory(),
  name,
  ...more,
});

/** Its references start with two slashes, and it advises on names that are not paths. */
const harbour = named("harbour", {
  parseReference(text) {
    if (text.startsWith("//")) return memory().parseReference(text);
    throw new ImageError("invalid-reference", "It must start with //");
  },
  advise: (name) => (/^[./]|:\//.test(name) ? undefined : `for a ship write harbour://${name}`),
});

const folder = named("folder", {
  advise: (name) => (/^[./]/.test(name) ? `for a folder write folder:${name}` : undefined),
});

describe("transports", () => {
  const transports = new Transports([harbour, folder, named("crate"), memory()]);

  test("are found by name and listed in order", () => {
    expect(transports.names).toEqual(["crate", "folder", "harbour", "memory"]);
    expect(transports.get("folder")?.name).toBe("folder");
    expect(transports.get("toString")).toBeUndefined();
  });

  test("parse the text after the first colon", () => {
    const reference = transports.parse("memory:a:b");
    expect(reference.stringWithinTransport).toBe("a:b");
    expect(imageName(reference)).toBe("memory:a:b");
  });

  test("of one name are rejected", () => {
    expect(() => transports.register(memory())).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
  });

  test.each([
    ["alpine", "; for a ship write harbour://alpine (transports: crate, folder, harbour, memory)"],
    ["quay.io/a/b:1", "; for a ship write harbour://quay.io/a/b:1 ("],
    ["ahoy:alpine", "; for a ship write harbour://ahoy:alpine ("],
    ["habrour://alpine", 'unknown transport "habrour"; did you mean harbour://alpine? ('],
    ["harbour//alpine", "; did you mean harbour://alpine? ("],
    ["habrour//quay.io/a:1", "; did you mean harbour://quay.io/a:1? ("],
    ["crate//tmp/x:y", "; did you mean crate:/tmp/x:y? ("],
    ["harbour/compose", "; for a ship write harbour://harbour/compose ("],
    ["craet:/tmp/x", 'unknown transport "craet"; did you mean crate:/tmp/x? ('],
    ["s3://bucket/x", ': unknown transport "s3" (transports: crate, folder, harbour, memory)'],
    ["", "; for a ship write harbour:// ("],
    ["/tmp/x", "; for a folder write folder:/tmp/x ("],
    ["./x", "; for a folder write folder:./x ("],
  ])("advise for %j to write %s", (name, advice) => {
    const attempt = (): unknown => transports.parse(name);
    expect(attempt).toThrow(expect.objectContaining({ code: "unknown-transport" }));
    expect(attempt).toThrow(advice);
  });
});
