import path from "node:path";

import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { descriptorOf, randomArtifact, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";

const image = await randomImage("copy");
const subject = descriptorOf(image);
const sbom = await randomArtifact("sbom", { subject, artifactType: "a/sbom" });
const signature = await randomArtifact("signature", { subject, artifactType: "a/signature" });

async function filled(): Promise<Registry> {
  const registry = await startRegistry();
  await registry.putImage("app", image, "1");
  for (const one of [sbom, signature]) await registry.putImage("app", one);
  return registry;
}

function copy(...args: readonly string[]): ReturnType<typeof drayage> {
  return drayage("copy", "--insecure-policy", ...args);
}

describe("copy", () => {
  test("--referrers copies referrers and reports their number", async () => {
    await using registry = await filled();
    const [from, to] = [`docker://${registry.host}/app:1`, `docker://${registry.host}/copy:1`];
    const { stderr } = await copy("--referrers", from, to);
    expect(stderr).toMatch(/ reused, 2 referrers\n$/);
    expect(registry.findManifest("copy", sbom.manifest.digest)).toBeDefined();
    expect((await copy("--referrers", from, to)).stderr).toMatch(/^Nothing to copy: /m);
    expect((await copy(from, `${to}-alone`)).stderr).toMatch(/ reused\n$/);
  });

  test("--referrer-type copies referrers of one type", async () => {
    await using registry = await filled();
    const [from, to] = [`docker://${registry.host}/app:1`, `docker://${registry.host}/copy:1`];
    const { stderr } = await copy("--referrer-type", "a/sbom", from, to);
    expect(stderr).toMatch(/, 1 referrer\n$/);
    expect(registry.findManifest("copy", signature.manifest.digest)).toBeUndefined();
    expect((await copy("--referrer-type=a/b", from, `${to}-b`)).stderr).toMatch(
      /, no referrers\n$/,
    );
  });

  test("a destination without referrer support fails with advice", async () => {
    await using registry = await filled();
    await using folder = await temporaryFolder();
    const to = `dir:${path.join(folder.path, "image")}`;
    const { code, stderr } = await copy("--referrers", `docker://${registry.host}/app:1`, to);
    expect(stderr).toMatch(/cannot be copied to dir:.*copy without referrers\n$/);
    expect(code).toBe(1);
    await copy("-q", `docker://${registry.host}/app:1`, to);
    const back = await copy("--referrers", to, `docker://${registry.host}/back:1`);
    expect(back.stderr).toMatch(/dir does not support referrers/);
  });

  test("--dry-run lists referrers", async () => {
    await using registry = await filled();
    const from = `docker://${registry.host}/app:1`;
    const { stdout } = await copy("--dry-run", "--referrers", from, `${from}-copy`);
    expect(stdout).toContain(`referrer ${sbom.manifest.digest} (a/sbom): it refers to `);
    expect(registry.tags("app")).toEqual(["1"]);
  });
});
