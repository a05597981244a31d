import { describe, expect, test } from "vitest";

import { dockerDaemon } from "../src/index.ts";

const transport = dockerDaemon();
const id = `sha256:${"a".repeat(64)}`;

describe("an image in an engine", () => {
  test.each([
    ["alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["docker.io/library/alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["quay.io/a/b:c", "quay.io/a/b:c", "quay.io/a/b:c"],
    ["localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b"],
    [`alpine@${id}`, `docker.io/library/alpine@${id}`, `alpine@${id}`],
    [`alpine:3@${id}`, "docker.io/library/alpine:3", `alpine:3@${id}`],
  ])("%s has the policy identity %s", (text, identity, stringWithinTransport) => {
    const reference = transport.parseReference(text);
    expect(reference.policyConfigurationIdentity).toBe(identity);
    expect(reference.stringWithinTransport).toBe(stringWithinTransport);
    expect(reference.dockerReference).toBeDefined();
  });

  test("an ID has no policy identity", () => {
    const reference = transport.parseReference(id);
    expect(reference.stringWithinTransport).toBe(id);
    expect(reference.policyConfigurationIdentity).toBeUndefined();
    expect(reference.policyConfigurationNamespaces).toEqual([]);
    expect(reference.dockerReference).toBeUndefined();
  });

  test("the policy scopes of a name are its repository, its host and their parents", () => {
    const { policyConfigurationNamespaces } = transport.parseReference("a.example.com/b/c:d");
    expect(policyConfigurationNamespaces).toEqual([
      "a.example.com/b/c",
      "a.example.com/b",
      "a.example.com",
      "*.example.com",
      "*.com",
    ]);
  });

  test.each([
    ["nothing", ""],
    ["neither tag nor digest", "alpine"],
    ["an ID without its algorithm", "a".repeat(64)],
    ["a shortened ID", "sha256:abc"],
    ["a repository named sha256", "docker.io/library/sha256:abc"],
    ["an ID of another algorithm", `sha512:${"a".repeat(128)}`],
    ["capitals", "Alpine:3"],
    ["an invalid digest", "alpine@sha256:abc"],
  ])("is not selected by %s", (_, text) => {
    expect(() => transport.parseReference(text)).toThrow(
      expect.objectContaining({ code: "invalid-reference" }),
    );
  });

  test.each([`alpine@${id}`, `alpine:3@${id}`, id])("%s cannot be written", async (text) => {
    const reference = transport.parseReference(text);
    await expect(reference.newImageDestination()).rejects.toMatchObject({
      code: "invalid-reference",
    });
  });

  test("policy scopes are names, and not IDs", () => {
    transport.validatePolicyConfigurationScope("docker.io/library/alpine");
    expect(() => transport.validatePolicyConfigurationScope(id)).toThrow(
      expect.objectContaining({ code: "invalid-scope" }),
    );
  });
});
