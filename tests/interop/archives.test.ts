import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { copyImage, openImage, Transports } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { contentOf, findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { dockerArchive, ociArchive } from "@drayage/transport-tarball";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { newPodman, podmanProgram } from "./podman.ts";

const skopeo = findProgram("skopeo") ?? "";
const fixtures = path.resolve(import.meta.dirname, "../../../shared/fixtures");
const libimage = "containers-common/libimage/testdata";

const transports = new Transports([
  directory(),
  dockerArchive({ append: true, additionalTags: ["example.com/also:latest"] }),
  ociArchive({ append: true }),
]);

async function copy(from: string, to: string): Promise<void> {
  await copyImage(transports.parse(from), transports.parse(to), { instances: "all" });
}

async function copyBySkopeo(from: string, to: string): Promise<void> {
  await outputOf(skopeo, "--insecure-policy", "copy", "--quiet", "--all", from, to);
}

/** Both copies of an image in a folder, file by file. */
async function bothCopies(name: string): Promise<readonly unknown[]> {
  const folder = await scratchFolder();
  const [ours, theirs] = [path.join(folder, "ours"), path.join(folder, "theirs")];
  await copy(name, `dir:${ours}`);
  await copyBySkopeo(name, `dir:${theirs}`);
  return [await contentOf(ours), await contentOf(theirs)];
}

async function write(image: WholeImage, name: string): Promise<void> {
  await copyImage(await inMemory(image), transports.parse(name), { instances: "all" });
}

async function configDigestAt(name: string): Promise<string | undefined> {
  await using image = await openImage(transports.parse(name));
  return image.configInfo?.digest;
}

/** The digests of its uncompressed layers, after all of it is read. */
async function layersAt(name: string): Promise<unknown> {
  await copyImage(transports.parse(name), memory().parseReference("out"));
  await using image = await openImage(transports.parse(name));
  const config = JSON.parse(String(Buffer.from((await image.configBlob()) ?? []))) as RootFS;
  return config.rootfs.diff_ids;
}

interface RootFS {
  readonly rootfs: { readonly diff_ids: unknown };
}

const made = [
  ["docker-archive", `${libimage}/docker-name-only.tar.xz`],
  ["docker-archive", `${libimage}/docker-registry-name.tar.xz`],
  ["docker-archive", `${libimage}/docker-registry-name.tar.xz:example.com/empty`],
  ["docker-archive", `${libimage}/docker-two-images.tar.xz:@0`],
  ["docker-archive", `${libimage}/docker-two-images.tar.xz:example.com/empty:latest`],
  ["docker-archive", "containers-image/docker/archive/fixtures/almostempty.tar"],
  ["oci-archive", `${libimage}/oci-name-only.tar.gz`],
  ["oci-archive", `${libimage}/oci-registry-name.tar.gz`],
] as const;

describe.skipIf(skopeo === "" || !existsSync(fixtures))("an archive of another tool", () => {
  test.each(made)("%s:%s is copied to the same files as by skopeo", async (transport, name) => {
    const [ours, theirs] = await bothCopies(`${transport}:${fixtures}/${name}`);
    expect(ours).toEqual(theirs);
  });

  test("with a layer behind a link is copied, which skopeo does not support", async () => {
    const name = `docker-archive:${fixtures}/${libimage}/docker-two-images.tar.xz:@1`;
    await expect(copyBySkopeo(name, `dir:${await scratchFolder()}`)).rejects.toThrow(/expected 0/);
    await copy(name, `dir:${await scratchFolder()}`);
  });
});

describe.skipIf(skopeo === "")("skopeo copies the same", () => {
  const names = [":@0", ":@1", ":example.com/one:1", ":example.com/two:1", ":example.com/also"];

  test.each(names)("%s from a docker archive with two images", async (name) => {
    const archive = `docker-archive:${await scratchFolder()}/images.tar`;
    for (const image of ["one", "two"])
      await write(await randomImage(image), `${archive}:example.com/${image}:1`);
    const [ours, theirs] = await bothCopies(archive + name);
    expect(ours).toEqual(theirs);
  });

  test("an index to an OCI archive, which is read back unchanged", async () => {
    const folder = await scratchFolder();
    const [ours, theirs] = [`oci-archive:${folder}/ours:x`, `oci-archive:${folder}/theirs:x`];
    const index = await randomIndex("archived");
    await write(index, ours);
    const [copied, copiedBySkopeo] = await bothCopies(ours);
    expect(copied).toEqual(copiedBySkopeo);
    await copyBySkopeo(ours, theirs);
    await assertImage(transports.parse(theirs), index);
  });
});

describe.skipIf(podmanProgram === undefined)("podman", () => {
  let podman: Awaited<ReturnType<typeof newPodman>>;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "drayage-podman-"));
    podman = await newPodman(path.join(folder, "podman"));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function idOf(name: string): Promise<string> {
    return `sha256:${(await podman("image", "inspect", "--format={{.Id}}", name)).trim()}`;
  }

  test("docker load reads all images of a docker archive with all their names", async () => {
    const file = path.join(folder, "docker.tar");
    for (const image of ["one", "two"])
      await write(await randomImage(image), `docker-archive:${file}:example.com/${image}:1`);
    const loaded = await podman("load", "--quiet", "--input", file);
    expect(loaded).toContain("example.com/one:1");
    for (const name of ["example.com/one:1", "example.com/two:1", "example.com/also:latest"])
      expect(await idOf(name)).toBe(await configDigestAt(`docker-archive:${file}:${name}`));
  });

  test("docker load reads an OCI archive", async () => {
    const file = path.join(folder, "oci.tar");
    await write(await randomImage("loaded"), `oci-archive:${file}:example.com/loaded:1`);
    await podman("load", "--quiet", "--input", file);
    expect(await idOf("example.com/loaded:1")).toBe(await configDigestAt(`oci-archive:${file}`));
  });

  test.each(["docker-archive", "oci-archive"])(
    "docker save writes a readable %s",
    async (format) => {
      const [before, after] = [path.join(folder, `${format}-1`), path.join(folder, `${format}-2`)];
      const name = `example.com/${format}:1`;
      await write(await randomImage(format), `docker-archive:${before}:${name}`);
      await podman("load", "--quiet", "--input", before);
      await podman("save", "--quiet", `--format=${format}`, "--output", after, name);
      const layers = await podman("image", "inspect", "--format={{json .RootFS.Layers}}", name);
      expect(await layersAt(`${format}:${after}:${name}`)).toEqual(JSON.parse(layers));
    },
  );
});
