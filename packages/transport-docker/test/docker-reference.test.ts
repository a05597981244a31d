import { formatNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";

const transport = docker();
const digest = `sha256:${"a".repeat(64)}`;

describe("a reference", () => {
  test.each([
    ["//busybox", "//busybox:latest", "docker.io/library/busybox:latest"],
    ["//docker.io/library/busybox:1", "//busybox:1", "docker.io/library/busybox:1"],
    ["//a/b", "//a/b:latest", "docker.io/a/b:latest"],
    ["//localhost/a", "//localhost/a:latest", "localhost/a:latest"],
    ["//quay.io:443/a/b/c:x", "//quay.io:443/a/b/c:x", "quay.io:443/a/b/c:x"],
    [`//busybox@${digest}`, `//busybox@${digest}`, `docker.io/library/busybox@${digest}`],
    [`//busybox:1@${digest}`, `//busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`],
  ])("%s is %s", (text, shown, full) => {
    const reference = transport.parseReference(text);
    expect(reference.stringWithinTransport).toBe(shown);
    expect(formatNamedReference(reference.dockerReference)).toBe(full);
  });

  test("has the policy identity and namespaces of its docker reference", () => {
    const reference = transport.parseReference("//quay.io/a/b:1");
    expect(reference.policyConfigurationIdentity).toBe("quay.io/a/b:1");
    expect(reference.policyConfigurationNamespaces).toEqual([
      "quay.io/a/b",
      "quay.io/a",
      "quay.io",
      "*.io",
    ]);
  });

  test.each([
    ["busybox", "docker://busybox"],
    ["http://quay.io/a", "docker://quay.io/a"],
    ["//https://quay.io/a", "docker://quay.io/a"],
    ["//quay.io/Upper", "lower-case"],
    ["//", "not a"],
    ["//quay.io:99999/a", "quay.io:99999"],
    ["//1.2.3.999/a", "1.2.3.999"],
  ])("%s is rejected with advice", (text, advice) => {
    expect(() => transport.parseReference(text)).toThrow(
      expect.objectContaining({
        code: "invalid-reference",
        message: expect.stringContaining(advice) as string,
      }),
    );
  });
});

test("every policy scope is valid", () => {
  for (const scope of ["docker.io/library/busybox:1", "*.example.com", "anything"]) {
    expect(() => transport.validatePolicyConfigurationScope(scope)).not.toThrow();
  }
});
