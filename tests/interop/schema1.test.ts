import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import zlib from "node:zlib";

import { copyImage, digestOf, mediaTypes, openImage } from "@drayage/core";
import { manifestDigestOf, parseManifest } from "@drayage/core/manifest";
import { verifyImage } from "@drayage/core/verify";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { findProgram, outputOf } from "@drayage/test-support";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const { dockerManifest, ociManifest, dockerSchema1Signed } = mediaTypes;

const tars = [3072, 5120].map((size) => Buffer.alloc(size, 0));
const layers = tars.map((tar) => zlib.gzipSync(tar));

/** Escapes, white space and a number that Go keeps, a step without content, and times that Go formats differently. */
const config = Buffer.from(
  `{ "os":"linux", "architecture" : "amd64", "zz": 1.0, "created":"2020-01-01T00:00:00.120Z", "author":"me <x>",
  "config": {"Env":["A=<b>&\\u00e9 é"],"Labels":{"x":"y","a":"1"}, "Cmd":["sh"]}, "docker_version": "20.10",
  "history":[{"created":"2019-01-01T00:00:00Z","created_by":"ADD <a>"},{"empty_layer":true,"created_by":"ENV x","comment":"c"},
    {"created":"2019-01-01T00:00:00.500+02:00","author":"q"}],
  "rootfs":{"type":"layers","diff_ids":${JSON.stringify(tars.map((tar) => digestOf(tar)))}}}`,
);

/** Writes the image in Docker's schema 2. */
async function writeSample(folder: string): Promise<void> {
  await mkdir(folder);
  const described = (bytes: Uint8Array, mediaType: string): object => {
    return { mediaType, size: bytes.byteLength, digest: digestOf(bytes) };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: dockerManifest,
    config: described(config, mediaTypes.dockerConfig),
    layers: layers.map((bytes) =>
      described(bytes, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    ),
  };
  await writeFile(path.join(folder, "version"), "Directory Transport Version: 1.1\n");
  await writeFile(path.join(folder, "manifest.json"), JSON.stringify(manifest));
  for (const bytes of [config, ...layers])
    await writeFile(path.join(folder, digestOf(bytes).slice(7)), bytes);
}

async function skopeoCopy(format: string, from: string, to: string): Promise<void> {
  await outputOf(skopeo, "--insecure-policy", "copy", "-q", `--format=${format}`, from, to);
}

/** The sample, the same as skopeo converts it to schema 1, and the folders of two results. */
async function samplesIn(folder: string): Promise<{
  readonly source: string;
  readonly schema1: string;
  readonly theirs: string;
  readonly ours: string;
}> {
  const source = path.join(folder, "source");
  const schema1 = path.join(folder, "schema1");
  await writeSample(source);
  await skopeoCopy("v2s1", `dir:${source}`, `dir:${schema1}`);
  return { source, schema1, theirs: path.join(folder, "theirs"), ours: path.join(folder, "ours") };
}

async function digestIn(folder: string): Promise<string> {
  return manifestDigestOf({ bytes: await readFile(path.join(folder, "manifest.json")) });
}

const formats = [
  ["v2s1", dockerSchema1Signed],
  ["v2s2", dockerManifest],
  ["oci", ociManifest],
] as const;

describe.skipIf(skopeo === "")("schema 1 and skopeo", () => {
  test.each(formats)(
    "an image that becomes %s has the digest that skopeo gives it",
    async (format, manifestMIMEType) => {
      await using folder = await temporaryFolder();
      const { source, schema1, theirs, ours } = await samplesIn(folder.path);
      for (const from of [source, schema1]) {
        await skopeoCopy(format, `dir:${from}`, `dir:${theirs}`);
        const { digest } = await copyImage(
          directory().parseReference(from),
          directory().parseReference(ours),
          { manifestMIMEType },
        );
        expect(digest).toBe(await digestIn(theirs));
        expect(await digestIn(ours)).toBe(digest);
        expect(await verifyImage(directory().parseReference(ours))).toMatchObject({ problems: [] });
        // skopeo reads what was written here.
        const shown = await outputOf(
          skopeo,
          "inspect",
          "--no-tags",
          "--format={{.Digest}}",
          `dir:${ours}`,
        );
        expect(shown.trim()).toBe(digest);
      }
    },
  );

  test("an image of an old Docker has the config that skopeo gives it", async () => {
    await using folder = await temporaryFolder();
    const { schema1, theirs, ours } = await samplesIn(folder.path);
    const file = path.join(schema1, "manifest.json");
    const text = await readFile(file, "utf8");
    const { signatures: _, ...manifest } = JSON.parse(text) as {
      readonly history: { v1Compatibility: string }[];
      readonly signatures: unknown;
    };
    const [top] = manifest.history;
    if (top === undefined) throw new Error("There is no history");
    const v1 = JSON.parse(top.v1Compatibility) as { readonly config: object };
    const container = { Cmd: ["sh"], Volumes: {}, VolumeDriver: "", OnBuild: null, Tty: true };
    const old = {
      ...v1,
      docker_version: "1.8.2-fc22",
      config: { ...v1.config, Entrypoint: "sh -c" },
      container_config: container,
      Size: 12,
    };
    top.v1Compatibility = JSON.stringify(old);
    await writeFile(file, JSON.stringify(manifest));
    await skopeoCopy("v2s2", `dir:${schema1}`, `dir:${theirs}`);
    const { digest } = await copyImage(
      directory().parseReference(schema1),
      directory().parseReference(ours),
      { manifestMIMEType: dockerManifest },
    );
    expect(digest).toBe(await digestIn(theirs));
  });
});

const fixtures = path.join(import.meta.dirname, "../../../shared/fixtures/containers-image");

describe.skipIf(skopeo === "" || !existsSync(fixtures))("a real image of schema 1", () => {
  test.for(
    [
      "internal/image/fixtures/schema1.json",
      "internal/manifest/testdata/v2s1.manifest.json",
      "internal/manifest/testdata/v2s1-unsigned.manifest.json",
      "manifest/fixtures/v2s1.everything.json",
    ].flatMap((name) => formats.map((format) => [name, ...format] as const)),
  )("%s, copied as %s, has the digest that skopeo gives it", async ([name, format, type]) => {
    await using folder = await temporaryFolder();
    const [source, theirs, ours] = ["source", "theirs", "ours"].map((one) =>
      path.join(folder.path, one),
    ) as [string, string, string];
    await writeWithSmallLayers(source, await readFile(path.join(fixtures, name), "utf8"));
    await skopeoCopy(format, `dir:${source}`, `dir:${theirs}`);
    const { digest } = await copyImage(
      directory().parseReference(source),
      directory().parseReference(ours),
      { manifestMIMEType: type },
    );
    expect(digest).toBe(await digestIn(theirs));
    expect(await verifyImage(directory().parseReference(ours))).toMatchObject({ problems: [] });
  });
});

/** Writes a manifest of schema 1 with other layers: one for each digest in it. */
async function writeWithSmallLayers(folder: string, manifest: string): Promise<void> {
  await mkdir(folder);
  await writeFile(path.join(folder, "version"), "Directory Transport Version: 1.1\n");
  const replaced = new Map<string, Uint8Array>();
  const text = manifest.replaceAll(/(?<="blobSum": *")[^"]+/g, (digest) => {
    const bytes = replaced.get(digest) ?? zlib.gzipSync(digest.repeat(10));
    replaced.set(digest, bytes);
    return digestOf(bytes);
  });
  await writeFile(path.join(folder, "manifest.json"), text);
  for (const bytes of replaced.values())
    await writeFile(path.join(folder, digestOf(bytes).slice(7)), bytes);
}

describe.skipIf(distributionProgram === undefined)("schema 1 in Docker Distribution", () => {
  test("is written and read by its payload's digest", async () => {
    await using registry = await startDistribution({ schema1: true });
    await using folder = await temporaryFolder();
    const [source, back] = [path.join(folder.path, "source"), path.join(folder.path, "back")];
    await writeSample(source);
    const to = docker({ insecure: true }).parseReference(`//${registry.host}/team/app:1`);
    const from = directory().parseReference(source);
    const { digest } = await copyImage(from, to, { manifestMIMEType: dockerSchema1Signed });
    await using image = await openImage(to);
    expect(image.manifest.digest).toBe(digest);
    expect(parseManifest(image.manifest)).toMatchObject({ name: "team/app", tag: "1" });
    expect(await image.inspect()).toMatchObject({ tag: "1", dockerVersion: "20.10" });
    expect(await verifyImage(to)).toMatchObject({ problems: [] });
    const copied = await copyImage(to, directory().parseReference(back), { preserveDigests: true });
    expect(copied.digest).toBe(digest);
    // Under another name the manifest names that.
    const other = docker({ insecure: true }).parseReference(`//${registry.host}/other:2`);
    await copyImage(to, other);
    await using renamed = await openImage(other);
    expect(parseManifest(renamed.manifest)).toMatchObject({ name: "other", tag: "2" });
  });
});
