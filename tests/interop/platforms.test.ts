import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { findProgram, outputOf } from "@drayage/test-support";
import { inMemory, randomIndex, writeImage } from "@drayage/testkit";
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

describe("versions of Windows", () => {
  const windows = ["windows(10.0.17763.5329)/amd64", "windows(10.0.20348.2340+win32k)/amd64"];

  test("select an image of an index, and are compared with an image outside one", async () => {
    const both = await randomIndex("windows", { platforms: windows.map(parsePlatform) });
    const [old, recent] = both.instances.map(({ digest }) => digest);
    const store = memory();
    const copied = async (wanted: string, from = "index"): Promise<string> => {
      const platform = parsePlatform(wanted);
      const options = { platform, requirePlatform: true };
      const to = store.parseReference("to");
      return (await copyImage(store.parseReference(from), to, options)).digest;
    };
    await writeImage(both, store.parseReference("index"));
    expect(await copied("windows(10.0.20348)/amd64")).toBe(recent);
    expect(await copied("windows(10.0.17763.1)/amd64")).toBe(old);
    expect(await copied("windows/amd64")).toBe(old);
    await expect(copied("windows(10.0.14393)/amd64")).rejects.toThrow(
      `available: ${windows.join(", ")}`,
    );
    await copied("windows(10.0.17763)/amd64");
    await copyImage(store.parseReference("to"), store.parseReference("single"));
    expect(await copied("windows(10.0.17763)/amd64", "single")).toBe(old);
    await expect(copied("windows(10.0.20348)/amd64", "single")).rejects.toThrow(
      `a single image for ${windows[0]}`,
    );
  });
});
