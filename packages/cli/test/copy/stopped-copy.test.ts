import { readdir } from "node:fs/promises";
import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage, ended, startDrayage, temporaryFolder } from "../drayage.ts";

/** A registry that never finishes the response for one of its blobs, and a promise for the request. */
async function stuckRegistry(): Promise<Registry & { readonly requested: Promise<void> }> {
  const requested = Promise.withResolvers<void>();
  const image = await randomImage("stopped");
  const stuck = image.layers[0]?.digest ?? "";
  const registry = await startRegistry({
    intercept: ({ method, path: of }) => {
      if (method !== "GET" || !of.endsWith(`/blobs/${stuck}`)) return undefined;
      requested.resolve();
      return "hang";
    },
  });
  await registry.putImage("stopped", image, "1");
  return Object.assign(registry, { requested: requested.promise });
}

describe("an interrupted copy", () => {
  test.each([
    ["SIGINT", "dir", 130],
    ["SIGTERM", "dir", 143],
    ["SIGINT", "docker-archive", 130],
    ["SIGTERM", "oci-archive", 143],
  ] as const)("on %s leaves nothing in %s: and exits with %i", async (signal, to, exitCode) => {
    await using registry = await stuckRegistry();
    await using folder = await temporaryFolder();
    const source = `docker://${registry.host}/stopped:1`;
    const destination = `${to}:${path.join(folder.path, "new")}`;
    const child = startDrayage(["copy", "--insecure-policy", source, destination]);
    const end = ended(child);
    await Promise.race([registry.requested, end]);
    child.kill(signal);
    const { code, stdout, stderr } = await end;
    expect(stderr).toMatch(new RegExp(`\ndrayage: interrupted by ${signal}\n$`));
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("leaves an existing image unchanged", async () => {
    await using registry = await stuckRegistry();
    await using folder = await temporaryFolder();
    const before = await randomImage("before");
    await registry.putImage("before", before, "1");
    const layout = path.join(folder.path, "layout");
    const destination = `oci:${layout}:image`;
    await drayage(
      "copy",
      "-q",
      "--insecure-policy",
      `docker://${registry.host}/before:1`,
      destination,
    );
    const files = await readdir(layout, { recursive: true });
    const source = `docker://${registry.host}/stopped:1`;
    const child = startDrayage(["copy", "-q", "--insecure-policy", source, destination]);
    const end = ended(child);
    await Promise.race([registry.requested, end]);
    child.kill("SIGINT");
    await end;
    const { stdout } = await drayage("inspect", "--format", "{{.Digest}}", destination);
    expect(stdout.trim()).toBe(before.manifest.digest);
    // Includes every file, so that no stray blob goes unnoticed.
    expect((await readdir(layout, { recursive: true })).toSorted()).toEqual(files.toSorted());
  });

  test("on --command-timeout exits with 1 and reports the timeout", async () => {
    await using registry = await stuckRegistry();
    await using folder = await temporaryFolder();
    const source = `docker://${registry.host}/stopped:1`;
    const flags = ["--command-timeout=1500ms", "copy", "-q", "--insecure-policy"];
    const { code, stderr } = await drayage(
      ...flags,
      source,
      `dir:${path.join(folder.path, "new")}`,
    );
    expect(stderr).toMatch(
      /^drayage: The command exceeded the --command-timeout of 1.5 s; increase it\n$/,
    );
    expect(code).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("on a closed standard output exits silently", async () => {
    await using registry = await stuckRegistry();
    await using folder = await temporaryFolder();
    const source = `docker://${registry.host}/stopped:1`;
    const destination = `dir:${path.join(folder.path, "new")}`;
    const flags = ["copy", "--insecure-policy", "--progress=json"];
    const child = startDrayage([...flags, source, destination]);
    child.stdout.destroy();
    const { code, stderr } = await ended(child);
    expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
    expect(await readdir(folder.path)).toEqual([]);
  });
});
