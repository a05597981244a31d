import path from "node:path";

import { randomImage, startRegistry } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage, isRunnable, temporaryFolder } from "./drayage.ts";

describe.skipIf(!isRunnable)("delete", () => {
  test("takes an image out of a layout, once", async () => {
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

  test("takes an image out of a registry", async () => {
    await using registry = await startRegistry();
    await registry.putImage("app", await randomImage("delete"), "1");
    const { code } = await drayage("delete", `docker://${registry.host}/app:1`);
    expect(code).toBe(0);
    expect(registry.tags("app")).toEqual([]);
  });
});
