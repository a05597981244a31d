import path from "node:path";

import { startRegistry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";

describe("delete", () => {
  test("deletes an image from a layout, and fails the second time", async () => {
    await using registry = await startRegistry();
    await using folder = await temporaryFolder();
    await registry.putImage("app", await randomImage("delete"), "1");
    const layout = `oci:${path.join(folder.path, "layout")}:image`;
    await drayage("copy", "-q", "--insecure-policy", `docker://${registry.host}/app:1`, layout);
    const first = await drayage("delete", layout);
    expect(first).toMatchObject({ code: 0, stdout: "", stderr: `Deleted ${layout}\n` });
    const second = await drayage("delete", layout);
    expect(second).toMatchObject({ code: 2, stdout: "" });
  });

  test("deletes an image from a registry", async () => {
    await using registry = await startRegistry();
    await registry.putImage("app", await randomImage("delete"), "1");
    const { code } = await drayage("delete", `docker://${registry.host}/app:1`);
    expect(code).toBe(0);
    expect(registry.tags("app")).toEqual([]);
  });

  test("deletes other tags only with --all-tags if the registry cannot delete a single tag", async () => {
    await using registry = await startRegistry({ deletes: "by-digest" });
    const image = await randomImage("delete");
    for (const tag of ["1", "2", "3"]) await registry.putImage("app", image, tag);
    const name = `docker://${registry.host}/app:1`;
    const refused = await drayage("delete", name);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^drayage: .* with it the tags 2, 3; .* use --all-tags\n$/);
    expect(registry.tags("app")).toEqual(["1", "2", "3"]);
    const { code, stderr } = await drayage("delete", "--all-tags", name);
    const [warning, done] = stderr.split("\n");
    expect(warning).toMatch(/^drayage: Deleting .* also removes the tags 2, 3$/);
    expect(done).toMatch(/^Deleted /);
    expect(code).toBe(0);
    expect(registry.tags("app")).toEqual([]);
  });
});
