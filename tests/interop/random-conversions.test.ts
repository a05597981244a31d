import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import zlib from "node:zlib";

import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor } from "@drayage/core";
import { findProgram, outputOf } from "@drayage/test-support";
import { directory } from "@drayage/transport-dir";
import fc from "fast-check";
import { expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const { ociManifest, ociIndex, ociConfig } = mediaTypes;
const { dockerManifest, dockerList, dockerConfig, dockerSchema1Signed } = mediaTypes;

/** Text that Go escapes or keeps, and keys that JavaScript and Go order differently. */
const text = fc.constantFrom("", "a", "<b>&", "é", "\u2028", '"q"\\', "\t\n", "\u{1f600}", "'");
const keys = fc.constantFrom("k", "10", "9", "B", "Ä", "<", "\uff5e", "\u{1f600}");
const map = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.dictionary(keys, value, { maxKeys: 4 });
const orNull = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(value, { nil: null });
const list = orNull(fc.array(text, { maxLength: 2 }));
const some: { requiredKeys: [] } = { requiredKeys: [] };

const time = fc.constantFrom(
  "2020-01-02T03:04:05Z",
  "2020-01-02T03:04:05.123456789Z",
  "2020-01-02T03:04:05.100Z",
  "2020-01-02T03:04:05.5+02:00",
  "2020-01-02T03:04:05-00:00",
  "0001-01-01T00:00:00Z",
);

const container = fc.record(
  {
    User: text,
    WorkingDir: text,
    Hostname: text,
    StopSignal: text,
    Env: list,
    Cmd: list,
    Entrypoint: list,
    OnBuild: list,
    Shell: list,
    ExposedPorts: orNull(map(fc.constant({}))),
    Volumes: orNull(map(fc.constant({}))),
    Labels: orNull(map(text)),
    Healthcheck: fc.record({ Test: list }),
    ArgsEscaped: fc.boolean(),
    Tty: fc.boolean(),
    StopTimeout: fc.nat(9),
  },
  some,
);

/** Without the fields of platforms that skopeo before 1.13 writes differently. */
const config = fc.record(
  {
    zz: fc.constantFrom(1, null, "x<y", [{ b: 1, a: 2 }]),
    os: fc.constantFrom("linux", "windows"),
    architecture: fc.constantFrom("amd64", "arm"),
    created: time,
    author: text,
    comment: text,
    config: container,
    container_config: container,
    container: text,
    docker_version: fc.constantFrom("20.10", "1.8.2", "1.13.0"),
  },
  some,
);

const step = fc.record(
  { comment: text, created_by: text, author: text, created: time, empty_layer: fc.boolean() },
  some,
);

const image = fc.record({
  isDocker: fc.boolean(),
  config,
  history: fc.array(step, { minLength: 1, maxLength: 5 }),
  annotations: map(text),
  indent: fc.constantFrom(undefined, " ", "\t"),
  entry: fc.record(
    {
      annotations: map(text),
      urls: fc.constantFrom([], ["https://e.example/?a=1&b=<"]),
      platform: fc.record(
        {
          architecture: fc.constantFrom("amd64", "arm64"),
          os: fc.constantFrom("linux", "windows", ""),
          variant: text,
          "os.version": text,
          "os.features": fc.array(text, { maxLength: 2 }),
          features: fc.array(text, { maxLength: 2 }),
        },
        { requiredKeys: ["architecture", "os"] },
      ),
    },
    some,
  ),
});

type RandomImage = typeof image extends fc.Arbitrary<infer Image> ? Image : never;

/** Writes an index of the images to a `dir:` image. Each type of index has fields that the other one does not have. */
async function writeImages(
  folder: string,
  images: readonly RandomImage[],
  indexType: string,
): Promise<void> {
  await mkdir(folder);
  await writeFile(path.join(folder, "version"), "Directory Transport Version: 1.1\n");
  const put = async (bytes: Uint8Array, mediaType: string, suffix = ""): Promise<Descriptor> => {
    const digest = digestOf(bytes);
    await writeFile(path.join(folder, `${digest.slice("sha256:".length)}${suffix}`), bytes);
    return { size: bytes.byteLength, digest, mediaType };
  };
  const manifests: object[] = [];
  for (const { isDocker, history, annotations, indent, entry, ...others } of images) {
    const tars = history.flatMap(({ empty_layer: isEmpty }, at) =>
      isEmpty ? [] : [Buffer.alloc(1024, at)],
    );
    const layerType = isDocker
      ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
      : "application/vnd.oci.image.layer.v1.tar+gzip";
    const layers: Descriptor[] = [];
    for (const tar of tars) layers.push(await put(zlib.gzipSync(tar), layerType));
    const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
    const content = Buffer.from(
      JSON.stringify({ rootfs, ...others.config, history }, undefined, indent),
    );
    const mediaType = isDocker ? dockerManifest : ociManifest;
    const manifest = {
      ...(isDocker ? {} : { annotations }),
      layers,
      config: await put(content, isDocker ? dockerConfig : ociConfig),
      mediaType,
      schemaVersion: 2,
    };
    const bytes = Buffer.from(JSON.stringify(manifest, undefined, indent));
    const { annotations: _, ...entryOfList } = entry;
    const { features: __, ...platform } = entry.platform ?? {};
    const entryOfIndex = { ...entry, platform: entry.platform && platform };
    manifests.push({
      ...(indexType === dockerList ? entryOfList : entryOfIndex),
      ...(await put(bytes, mediaType, ".manifest.json")),
    });
  }
  const index = { manifests, mediaType: indexType, schemaVersion: 2 };
  await writeFile(path.join(folder, "manifest.json"), JSON.stringify(index));
}

test.skipIf(skopeo === "").each([
  ["oci", ociManifest, dockerList],
  ["v2s2", dockerManifest, ociIndex],
  ["v2s1", dockerSchema1Signed, dockerList],
])(
  "random images that become %s, and their index, have skopeo's digests",
  async (format, type, indexType) => {
    await using folder = await temporaryFolder();
    const [source, theirs, ours] = ["source", "theirs", "ours"].map((name) =>
      path.join(folder.path, name),
    ) as [string, string, string];
    const images = fc.sample(image, { numRuns: 30, seed: 20 });
    await writeImages(source, images, indexType);
    const flags = ["--insecure-policy", "copy", "-q", "--all", `--format=${format}`];
    await outputOf(skopeo, ...flags, `dir:${source}`, `dir:${theirs}`);
    const from = directory().parseReference(source);
    const { manifest } = await copyImage(from, directory().parseReference(ours), {
      manifestMIMEType: type,
      instances: "all",
    });
    const expected = await readFile(path.join(theirs, "manifest.json"), "utf8");
    expect(expected.split(`"${type}"`)).toHaveLength(images.length + 1);
    expect(Buffer.from(manifest.bytes).toString()).toBe(expected);
  },
);
