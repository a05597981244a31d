import { startRegistry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage } from "../drayage.ts";

describe("list-repositories", () => {
  test("prints all pages as JSON", async () => {
    await using registry = await startRegistry({ pageSize: 2 });
    const names = ["a", "team/app", "team/other", "z"];
    const image = await randomImage("repositories", { layers: 1 });
    for (const name of names) await registry.putImage(name, image, "1");
    const { code, stdout } = await drayage("list-repositories", `docker://${registry.host}`);
    const expected = { Registry: registry.host, Repositories: names };
    expect(stdout).toBe(`${JSON.stringify(expected, undefined, 4)}\n`);
    expect(code).toBe(0);
  });

  test("fails if the registry does not list its repositories", async () => {
    await using registry = await startRegistry({ intercept: () => ({ status: 404 }) });
    const { code, stderr } = await drayage("list-repositories", `docker://${registry.host}`);
    expect(stderr).toMatch(/does not list its repositories\n$/);
    expect(code).toBe(1);
  });

  test.each(["docker://host.example/name", "docker:host.example", "oci:layout"])(
    "%s is not a registry",
    async (name) => {
      const { code, stderr } = await drayage("list-repositories", name);
      expect(stderr).toContain("docker://HOST");
      expect(code).toBe(1);
    },
  );
});
