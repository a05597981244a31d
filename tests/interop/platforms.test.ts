import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { findProgram, outputOf } from "@drayage/test-support";
import { inMemory, randomIndex } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { ociLayout } from "@drayage/transport-oci-layout";
import { ociArchive } from "@drayage/transport-tarball";
import { describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const index = await randomIndex("platforms", { attestation: true });
const platforms = [parsePlatform("linux/amd64")];

describe("an index without all its images", () => {
  test.each([
    ["dir", (file: string) => directory().parseReference(file)],
    ["oci", (file: string) => ociLayout().parseReference(`${file}:a`)],
    ["oci-archive", (file: string) => ociArchive().parseReference(`${file}.tar:a`)],
  ] as const)("is stored by %s, which declares that", async (_, referenceTo) => {
    await using folder = await temporaryFolder();
    const to: ImageReference = referenceTo(path.join(folder.path, "to"));
    await using destination = await to.newImageDestination?.();
    expect(destination?.accepts.sparseIndexes).toBe(true);
    await destination?.[Symbol.asyncDispose]();
    await copyImage(await inMemory(index), to, { instances: "index-only" });
    await using source = await to.newImageSource();
    const { bytes } = await source.getManifest();
    expect(digestOf(bytes)).toBe(index.manifest.digest);
    await expect(copyImage(to, await inMemory(index), { instances: "all" })).rejects.toThrow(
      expect.objectContaining({ code: "not-found" }),
    );
    const kept = await copyImage(await inMemory(index), to, {
      instances: { platforms },
      missingInstances: "keep",
    });
    expect(kept.digest).toBe(index.manifest.digest);
  });
});

describe.skipIf(skopeo === "")("skopeo", () => {
  test("copies an index only with the same result", async () => {
    await using folder = await temporaryFolder();
    const [whole, ours, theirs] = ["whole", "ours", "theirs"].map((name) =>
      path.join(folder.path, name),
    );
    const from = directory().parseReference(whole ?? "");
    await copyImage(await inMemory(index), from, { instances: "all" });
    await copyImage(from, directory().parseReference(ours ?? ""), { instances: "index-only" });
    const settings = ["--insecure-policy", "copy", "-q", "--multi-arch", "index-only"];
    await outputOf(skopeo, ...settings, `dir:${whole}`, `dir:${theirs}`);
    expect(await filesIn(ours)).toEqual(await filesIn(theirs));
  });

  test("reads all images of an index with selected platforms and their attestations", async () => {
    await using folder = await temporaryFolder();
    const [ours, theirs] = ["ours", "theirs"].map((name) => path.join(folder.path, name));
    const to = directory().parseReference(ours ?? "");
    const { manifest } = await copyImage(await inMemory(index), to, { instances: { platforms } });
    const { length } = (parseManifest(manifest) as { readonly manifests?: [] }).manifests ?? [];
    expect(length).toBe(2);
    const settings = ["--insecure-policy", "copy", "-q", "--all"];
    await outputOf(skopeo, ...settings, `dir:${ours}`, `dir:${theirs}`);
    expect(await filesIn(theirs)).toEqual(await filesIn(ours));
  });
});

async function filesIn(folder: string | undefined): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder ?? "")).toSorted();
  const files = names.map(async (name) => [name, await readFile(path.join(folder ?? "", name))]);
  return Object.fromEntries(await Promise.all(files)) as Record<string, string>;
}
