import { writeFile } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { findProgram, outputOf } from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";

const tags = ["1.0", "1.1", "edge", "latest"];
const skopeo = findProgram("skopeo");
let registry: Registry;
let repository = "";

beforeAll(async () => {
  registry = await startRegistry({ pageSize: 3 });
  const image = await randomImage("tags");
  for (const tag of tags) await registry.putImage("team/app", image, tag);
  repository = `docker://${registry.host}/team/app`;
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

describe("list-tags", () => {
  test("prints all pages as JSON", async () => {
    const { code, stdout } = await drayage("list-tags", repository);
    expect(stdout).toBe(
      `${JSON.stringify({ Repository: repository.slice("docker://".length), Tags: tags }, undefined, 4)}\n`,
    );
    expect(code).toBe(0);
  });

  test.skipIf(skopeo === undefined)("prints the same as skopeo", async () => {
    const { stdout } = await drayage("list-tags", repository);
    expect(stdout).toBe(
      await outputOf(skopeo ?? "", "list-tags", "--tls-verify=false", repository),
    );
  });

  test.each([":1.0", `@sha256:${"0".repeat(64)}`])("rejects a name with %s", async (suffix) => {
    const { code, stderr } = await drayage("list-tags", repository + suffix);
    expect(stderr).toContain(`write ${repository} without `);
    expect(code).toBe(1);
  });

  test.each([
    ["docker://localhost:5000", "write docker://localhost:5000/REPOSITORY"],
    ["docker://registry.example.com:5000", "write docker://registry.example.com:5000/REPOSITORY"],
    ["docker://alpine:3", "write docker://docker.io/library/alpine without 3"],
  ])("prints for %s: %s", async (name, advice) => {
    const { code, stderr } = await drayage("list-tags", name);
    expect(stderr).toContain(`${advice}\n`);
    expect(code).toBe(1);
  });

  test("honours --registries-conf, which is not in the help", async () => {
    await using folder = await temporaryFolder();
    const conf = path.join(folder.path, "registries.conf");
    const there = `prefix = "registry.example"\nlocation = "${registry.host}/team"`;
    await writeFile(conf, `[[registry]]\n${there}\n`);
    const name = "docker://registry.example/app";
    const { stdout } = await drayage("--registries-conf", conf, "list-tags", name);
    expect(JSON.parse(stdout)).toEqual({ Repository: "registry.example/app", Tags: tags });
    const missing = await drayage("list-tags", "--registries-conf", `${conf}x`, name);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${conf}x`) as string,
    });
    expect((await drayage("--help")).stdout).not.toContain("registries-conf");
  });

  test("fails for a transport without tags", async () => {
    const { code, stderr } = await drayage("list-tags", "dir:/tmp");
    expect(stderr).toMatch(/dir: cannot list tags; use docker:, /);
    expect(code).toBe(1);
  });

  test("exits with 2 for a missing repository", async () => {
    const { code } = await drayage("list-tags", `docker://${registry.host}/team/missing`);
    expect(code).toBe(2);
  });
});
