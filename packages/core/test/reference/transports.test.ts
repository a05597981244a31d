import { describe, expect, test } from "vitest";

import { imageName } from "../../src/contract/image-reference.ts";
import type { ImageTransport } from "../../src/contract/image-transport.ts";
import { memory } from "../../src/memory/index.ts";
import { Transports } from "../../src/reference/transports.ts";

const named = (name: string): ImageTransport => ({ ...memory(), name });

describe("transports", () => {
  const transports = new Transports([named("docker"), named("dir"), named("oci"), memory()]);

  test("are found by name, and listed in order", () => {
    expect(transports.names).toEqual(["dir", "docker", "memory", "oci"]);
    expect(transports.get("dir")?.name).toBe("dir");
    expect(transports.get("toString")).toBeUndefined();
  });

  test("read a reference behind the first colon", () => {
    const reference = transports.parse("memory:a:b");
    expect(reference.stringWithinTransport).toBe("a:b");
    expect(imageName(reference)).toBe("memory:a:b");
  });

  test("of one name are refused", () => {
    expect(() => transports.register(memory())).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
  });

  test.each([
    ["https://quay.io/a/b", "docker://quay.io/a/b"],
    ["alpine", "docker://alpine"],
    ["quay.io/a/b:1", "docker://quay.io/a/b:1"],
    ["dokcer://alpine", "docker://alpine"],
    ["docker//alpine", "did you mean docker://alpine?"],
    ["dokcer//quay.io/a:1", "did you mean docker://quay.io/a:1?"],
    ["oci//tmp/x:y", "did you mean oci:/tmp/x:y?"],
    ["docker/compose", "for a registry write docker://docker/compose"],
    ["oic:/tmp/x", "oci:/tmp/x"],
    ["s3://bucket/x", "transports: dir, docker, memory, oci"],
    ["", "docker://"],
    ["/tmp/x", "dir:/tmp/x"],
    ["./x", "dir:./x"],
  ])("say for %j to write %s", (name, advice) => {
    const attempt = (): unknown => transports.parse(name);
    expect(attempt).toThrow(expect.objectContaining({ code: "unknown-transport" }));
    expect(attempt).toThrow(advice);
  });
});
