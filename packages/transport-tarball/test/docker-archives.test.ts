import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { copyImage, digestOf, openImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { openArchiveFile } from "@drayage/image-archive";
import { findProgram, imageNames, outputOf, scratchFolder, tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import { inMemory, randomImage, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const layer = tarFile([{ name: "etc/hello", content: "hello" }]);

interface Saved {
  readonly config: string;
  readonly entry: {
    readonly Config: string;
    readonly RepoTags: readonly string[] | null;
    readonly Layers: readonly string[];
  };
}

/** An image as `docker save` writes it, with its own config. */
function saved(
  name: string,
  layers: readonly string[],
  tags: readonly string[] | null = [`${name}:1`],
): Saved {
  return {
    config: JSON.stringify({
      author: name,
      rootfs: { type: "layers", diff_ids: layers.map(() => digestOf(layer)) },
    }),
    entry: { Config: `${name}.json`, RepoTags: tags, Layers: layers },
  };
}

function manifestOf(...images: readonly Saved[]): TarFileMember {
  return { name: "manifest.json", content: JSON.stringify(images.map(({ entry }) => entry)) };
}

function configOf({ config, entry }: Saved): TarFileMember {
  return { name: entry.Config, content: config };
}

async function archiveOf(...members: readonly TarFileMember[]): Promise<string> {
  const file = path.join(await scratchFolder(), "archive.tar");
  await writeFile(file, tarFile(members));
  return file;
}

async function namesIn(file: string): Promise<readonly string[]> {
  await using archive = await openArchiveFile(file);
  return archive.members.map((member) => member.path);
}

async function imagesIn(file: string): Promise<unknown> {
  await using archive = await openArchiveFile(file);
  return JSON.parse(String(await archive.readSmall("manifest.json", 1 << 20)));
}

async function copied(reference: ImageReference): Promise<number> {
  const { blobs } = await copyImage(reference, memory().parseReference("out"));
  return blobs.copied + blobs.reused;
}

async function random(name: string): Promise<ImageReference> {
  const reference = memory().parseReference(name);
  await writeImage(await randomImage(name), reference);
  return reference;
}

describe("an archive is read", () => {
  const one = saved("one", ["a/layer.tar"]);
  const file: TarFileMember = { name: "a/layer.tar", content: layer };

  test.each([
    ["with its manifest.json first", [manifestOf(one), configOf(one), file]],
    ["with its manifest.json in the middle", [file, manifestOf(one), configOf(one)]],
    ["without names", [file, configOf(one), manifestOf(saved("one", ["a/layer.tar"], null))]],
    [
      "with all names beginning with a dot",
      [file, configOf(one), manifestOf(one)].map((member) => ({
        ...member,
        name: `./${String(member.name)}`,
      })),
    ],
    [
      "with a compressed layer",
      [{ ...file, content: gzipSync(layer) }, configOf(one), manifestOf(one)],
    ],
    [
      "with a link for a layer",
      [
        { name: "a/layer.tar", type: "2", linkName: "../b/layer.tar" },
        { ...file, name: "b/layer.tar" },
        configOf(one),
        manifestOf(one),
      ],
    ],
    ["with a duplicate layer", [file, file, configOf(one), manifestOf(one)]],
  ])("%s", async (_, members) => {
    expect(await copied(dockerArchive().parseReference(await archiveOf(...members)))).toBe(2);
  });

  test("whose image lists a layer twice", async () => {
    const twice = saved("twice", ["a/layer.tar", "a/layer.tar"]);
    const archive = await archiveOf(file, configOf(twice), manifestOf(twice));
    expect(await copied(dockerArchive().parseReference(archive))).toBe(2);
  });
});

describe("image names each select one image:", () => {
  const one = saved("one", ["a/layer.tar"]);
  const two = saved("two", ["a/layer.tar"]);
  const named = ({ config, entry }: Saved, RepoTags: readonly string[] | null): Saved => ({
    config,
    entry: { ...entry, RepoTags },
  });

  async function archived(...images: readonly Saved[]): Promise<string> {
    const file: TarFileMember = { name: "a/layer.tar", content: layer };
    return archiveOf(file, configOf(one), configOf(two), manifestOf(...images));
  }

  async function configIn(file: string, image = ""): Promise<unknown> {
    const reference = dockerArchive().parseReference(file + image);
    await using source = await reference.newImageSource();
    const { bytes } = await source.getManifest();
    return Object(JSON.parse(String(Buffer.from(bytes)))).config.digest;
  }

  const digest = ({ config }: Saved): unknown => digestOf(Buffer.from(config));

  test.each<[string, readonly Saved[], readonly string[], readonly Saved[]]>([
    ["by position without names", [named(one, null), named(two, [])], ["@0", "@1"], [one, two]],
    ["each name once", [named(one, ["x:1", "x:1"]), two], ["x:1", "two:1"], [one, two]],
    ["the first image by a name of two", [one, named(two, ["one:1"])], ["one:1", "@1"], [one, two]],
    ["without invalid names", [named(one, ["X Y", "a:b:c"]), two], ["@0", "two:1"], [one, two]],
    [
      "by all names of one image",
      [one, two, named(one, ["x:2"])],
      ["one:1", "two:1", "x:2"],
      [one, two, one],
    ],
  ])("%s", async (_, images, names, expected) => {
    const file = await archived(...images);
    expect(await imageNames(dockerArchive().parseReference(file))).toEqual(names);
    const found = await Promise.all(names.map(async (name) => configIn(file, `:${name}`)));
    expect(found).toEqual(expected.map(digest));
  });

  test("an image listed twice needs no name", async () => {
    const file = await archived(one, named(one, ["x:2"]), named(one, null));
    expect(await configIn(file)).toBe(digest(one));
  });

  test.each([
    ["two configs", [one, two]],
    ["one config of other layers", [one, { ...one, entry: { ...one.entry, Layers: ["b.tar"] } }]],
  ])("but %s are two images", async (_, images) => {
    const opened = configIn(await archived(...images));
    await expect(opened).rejects.toMatchObject({ code: "not-found" });
  });
});

test.each([
  ["written by docker before 1.10", [{ name: "repositories", content: "{}" }], "newer"],
  ["that is an OCI archive", [{ name: "index.json", content: "{}" }], "oci-archive:"],
  ["with neither format", [{ name: "file", content: "" }], "manifest.json"],
])("an archive %s is rejected with advice", async (_, members, words) => {
  const reference = dockerArchive().parseReference(await archiveOf(...members));
  await expect(reference.newImageSource()).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining(words) as string,
  });
});

test("reading a docker archive as an OCI archive reports how to read it", async () => {
  const one = saved("one", ["l.tar"]);
  const reference = ociArchive().parseReference(await archiveOf(configOf(one), manifestOf(one)));
  await expect(reference.newImageSource()).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("docker-archive:") as string,
  });
});

describe("appending to an archive", () => {
  const transport = dockerArchive({ append: true });

  test("keeps its images and their unknown fields", async () => {
    const one = saved("one", ["l.tar"]);
    const members = [
      configOf(one),
      { name: "l.tar", content: layer },
      { name: "repositories", content: "{}" },
    ];
    const archive = await archiveOf(...members, {
      name: "manifest.json",
      content: JSON.stringify([{ ...one.entry, Parent: "sha256:1" }]),
    });
    await copyImage(await random("two"), transport.parseReference(`${archive}:two:1`));
    expect(await imagesIn(archive)).toMatchObject([
      { ...one.entry, Parent: "sha256:1" },
      { RepoTags: ["docker.io/library/two:1"] },
    ]);
    for (const name of ["one:1", "two:1"])
      expect(await copied(transport.parseReference(`${archive}:${name}`))).toBeGreaterThan(1);
    // The file would list one image of two.
    const names = await namesIn(archive);
    for (const name of ["repositories", "index.json"]) expect(names).not.toContain(name);
  });

  test("moves a name from another image", async () => {
    const archive = path.join(await scratchFolder(), "archive.tar");
    for (const name of ["one", "two"])
      await copyImage(await random(name), transport.parseReference(`${archive}:example.com/app:1`));
    expect(await imagesIn(archive)).toMatchObject([
      { RepoTags: [] },
      { RepoTags: ["example.com/app:1"] },
    ]);
    await using named = await openImage(transport.parseReference(`${archive}:example.com/app:1`));
    await using second = await openImage(transport.parseReference(`${archive}:@1`));
    expect(named.manifest.digest).toBe(second.manifest.digest);
  });

  test("adds a name to an existing image without storing it again", async () => {
    const archive = path.join(await scratchFolder(), "archive.tar");
    const image = await random("one");
    for (const name of ["a:1", "b:1"])
      await copyImage(image, transport.parseReference(`${archive}:${name}`));
    expect(await imagesIn(archive)).toMatchObject([
      { RepoTags: ["docker.io/library/a:1", "docker.io/library/b:1"] },
    ]);
    const names = await namesIn(archive);
    expect(new Set(names).size).toBe(names.length);
    for (const name of ["docker.io/library/a:1", "docker.io/library/b:1"])
      expect(await copied(ociArchive().parseReference(`${archive}:${name}`))).toBeGreaterThan(1);
  });

  test("does not reuse a layer outside its layout path", async () => {
    const one = saved("one", ["l.tar"]);
    const external = await archiveOf(
      configOf(one),
      { name: "l.tar", content: layer },
      manifestOf(one),
    );
    const archive = await archiveOf(
      configOf(one),
      { name: "l.tar", content: layer },
      manifestOf(one),
      { name: "oci-layout", content: `{"imageLayoutVersion":"1.0.0"}` },
      { name: "index.json", content: `{"schemaVersion":2,"manifests":[]}` },
    );
    await copyImage(
      dockerArchive().parseReference(external),
      transport.parseReference(`${archive}:again:1`),
    );
    const asLayout = ociArchive().parseReference(`${archive}:docker.io/library/again:1`);
    expect(await copied(asLayout)).toBe(2);
  });
});

describe("a copy into an archive reports the digest that a reader gets", () => {
  const options = { layers: 2, format: "docker" } as const;
  const generated = /stores no manifest and generates one$/;

  test.each([
    ["with uncompressed layers", "none", [generated]],
    ["with compressed layers", "gzip", [/^a layer .* and .* generates one$/]],
  ] as const)("of an image %s, and why it changed", async (_, compression, reasons) => {
    const image = await randomImage("reported", { ...options, compression });
    const to = dockerArchive().parseReference(path.join(await scratchFolder(), "archive.tar"));
    const { digest, changes } = await copyImage(await inMemory(image), to);
    await using source = await to.newImageSource();
    expect((await source.getManifest()).digest).toBe(digest);
    const from = image.manifest.digest;
    const expected = reasons.map((reason) => ({
      from,
      to: digest,
      reason: expect.stringMatching(reason) as string,
    }));
    expect(changes).toEqual(expected);
  });

  test("of an unchanged image of another archive", async () => {
    const folder = await scratchFolder();
    const [one, two] = ["one", "two"].map((name) =>
      dockerArchive().parseReference(path.join(folder, name)),
    );
    if (one === undefined || two === undefined) throw new RangeError();
    const { digest: first } = await copyImage(await random("moved"), one);
    const { digest, changes, sourceDigest } = await copyImage(one, two);
    expect([digest, sourceDigest, changes]).toEqual([first, first, []]);
  });
});

test("the same image produces the same archive, blob by blob", async () => {
  const folder = await scratchFolder();
  const image = await random("same");
  const written: Buffer[] = [];
  for (const name of ["a", "b"]) {
    const file = path.join(folder, name);
    await copyImage(image, dockerArchive().parseReference(`${file}:same:1`), { parallelBlobs: 1 });
    written.push(await readFile(file));
  }
  expect(written[0]?.equals(written[1] ?? Buffer.from("other"))).toBe(true);
});

const skopeo = findProgram("skopeo");

test.skipIf(skopeo === undefined)("skopeo reads images appended to its own archive", async () => {
  const folder = await scratchFolder();
  const [layout, archive] = [path.join(folder, "layout.tar"), path.join(folder, "archive.tar")];
  await copyImage(await random("theirs"), ociArchive().parseReference(`${layout}:theirs`));
  const run = async (...args: readonly string[]): Promise<string> =>
    outputOf(skopeo ?? "", ...args);
  await run(
    "--insecure-policy",
    "copy",
    "-q",
    `oci-archive:${layout}:theirs`,
    `docker-archive:${archive}:theirs:1`,
  );
  await copyImage(
    await random("ours"),
    dockerArchive({ append: true }).parseReference(`${archive}:ours:1`),
  );
  for (const name of ["theirs:1", "ours:1"]) {
    const text = `${archive}:${name}`;
    await using image = await openImage(dockerArchive().parseReference(text));
    const digest = await run("inspect", "--format", "{{.Digest}}", `docker-archive:${text}`);
    expect(digest.trim()).toBe(image.manifest.digest);
  }
});
