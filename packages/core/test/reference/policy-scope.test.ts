import { describe, expect, test } from "vitest";

import { parseNamedReference } from "../../src/names/docker-reference.ts";
import {
  dockerPolicyIdentity,
  dockerPolicyNamespaces,
  parentFolders,
  validatePathScope,
} from "../../src/reference/policy-scope.ts";

describe("the policy scopes of an image in a registry", () => {
  test.each([
    ["a.b.c:8443/ns/r:t", ["a.b.c:8443/ns/r", "a.b.c:8443/ns", "a.b.c:8443", "*.b.c", "*.c"]],
    ["busybox", ["docker.io/library/busybox", "docker.io/library", "docker.io", "*.io"]],
    ["localhost/x", ["localhost/x", "localhost"]],
    ["localhost:5000/x", ["localhost:5000/x", "localhost:5000"]],
  ])("%s", (text, namespaces) => {
    expect(dockerPolicyNamespaces(parseNamedReference(text))).toEqual(namespaces);
  });

  test("start with the full name with its tag or digest", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const identity = (text: string): string => dockerPolicyIdentity(parseNamedReference(text));
    expect(identity("busybox:1")).toBe("docker.io/library/busybox:1");
    expect(identity(`busybox@${digest}`)).toBe(`docker.io/library/busybox@${digest}`);
    expect(identity(`busybox:1@${digest}`)).toBe("docker.io/library/busybox:1");
  });
});

describe("the policy scopes of an image in a file", () => {
  test("are its parent folders, the nearest first, without the root", () => {
    expect(parentFolders("/var/lib/images/x")).toEqual(["/var/lib/images", "/var/lib", "/var"]);
    expect(parentFolders("/x")).toEqual([]);
  });

  test.each(["/a", "/a/b.c/d"])("include %s", (scope) => {
    expect(() => validatePathScope("dir", scope)).not.toThrow();
  });

  test.each(["", "a", "./a", "/", "/a/", "/a//b", "/a/./b", "/a/../b"])(
    "do not include %j",
    (scope) => {
      const attempt = (): void => validatePathScope("dir", scope);
      expect(attempt).toThrow(expect.objectContaining({ code: "invalid-scope" }));
    },
  );
});
