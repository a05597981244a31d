import { writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import type { CopyResult, ImageReference } from "@drayage/core";
import { digestTagsOf } from "@drayage/core/reference";
import { startRegistry } from "@drayage/registry";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { findProgram, outputOf } from "@drayage/test-support";
import { descriptorOf, randomArtifact, randomIndex, writeImage } from "@drayage/testkit";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const registries = {
  "a registry with the referrers API": async () => startRegistry(),
  "a registry without it": async () => startRegistry({ referrers: false }),
  ...(distributionProgram !== undefined && {
    "Docker Distribution": async () => startDistribution(),
  }),
};

const index = await randomIndex("referrers", { layers: 1 });
const sbom = await randomArtifact("sbom", { subject: descriptorOf(index) });
const cosigned = await randomArtifact("cosigned");
const [sigTag = ""] = digestTagsOf(index.manifest.digest);

async function copyAll(from: ImageReference, to: ImageReference): Promise<CopyResult> {
  return copyImage(from, to, { referrers: true, instances: "all" });
}

describe.each(Object.entries(registries))("through %s", (_, start) => {
  test("referrers are copied from a registry to a layout and to a registry", async () => {
    await using registry = await start();
    await using folder = await temporaryFolder();
    const images = (name: string): ImageReference =>
      docker().parseReference(`//${registry.host}/${name}`);
    await writeImage(index, images("one:1"));
    await writeImage(sbom, images(`one@${sbom.manifest.digest}`));
    await writeImage(cosigned, images(`one:${sigTag}`));
    const layout = ociLayout().parseReference(`${folder.path}/layout:v1`);
    expect(await copyAll(images("one:1"), layout)).toMatchObject({ referrers: 2, changes: [] });
    expect(await copyAll(layout, images("two:2"))).toMatchObject({ referrers: 2, changes: [] });
    expect(await copyAll(images("one:1"), images("two:2"))).toMatchObject({ alreadyThere: true });
  });
});

const oras = findProgram("oras");

async function run(...args: readonly string[]): Promise<string> {
  return outputOf(oras ?? "", ...args);
}

describe.each(oras === undefined ? [] : Object.entries(registries))("oras with %s", (_, start) => {
  test("discovers copied referrers, and attaches referrers that drayage copies", async () => {
    await using registry = await start();
    await using folder = await temporaryFolder();
    const image = `${registry.host}/one:1`;
    const layout = `${folder.path}/layout:v1`;
    const file = path.join(folder.path, "sbom.json");
    await writeFile(file, "{}");
    const attached = [`${file}:application/json`, "--disable-path-validation"];
    await writeImage(index, docker().parseReference(`//${image}`));
    await run("attach", "--plain-http", "--artifact-type", "a/sbom", image, ...attached);
    const copy = ociLayout().parseReference(layout);
    await copyAll(docker().parseReference(`//${image}`), copy);
    expect(await run("discover", "--oci-layout", layout)).toContain("a/sbom");
    await run("attach", "--oci-layout", "--artifact-type", "a/signature", layout, ...attached);
    const other = `${registry.host}/two:2`;
    await copyAll(copy, docker().parseReference(`//${other}`));
    const found = await run("discover", "--plain-http", other);
    expect(found).toContain("a/sbom");
    expect(found).toContain("a/signature");
  });
});
