import { readFile } from "node:fs/promises";
import path from "node:path";
import zlib from "node:zlib";

import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { CopyOptions, Descriptor, Digest, Platform } from "@drayage/core";
import { editManifest } from "@drayage/core/manifest";
import { findProgram, outputOf } from "@drayage/test-support";
import { inMemory, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage, WholeManifest } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import type { DirectorySettings } from "@drayage/transport-dir";
import { expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const { ociManifest, ociIndex, ociConfig, dockerManifest, dockerList, dockerConfig } = mediaTypes;
const ociLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
const dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/**
 * Config fields that affect the digest of a converted image: settings, times, labels and characters that Go escapes.
 */
const config = {
  os: "linux",
  architecture: "amd64",
  docker_version: "20.10",
  created: "2024-05-01T10:00:00.120+00:00",
  author: "A <a@example.com> & B",
  container_config: { Hostname: "x" },
  config: {
    Labels: { zebra: "", 10: "ten", 2: "two", Ä: "ä", "\u{1f600}": "\u2028", "\uff5e": "" },
    Env: ["PATH=/bin", "A=<>"],
    Cmd: null,
    Entrypoint: [],
    Healthcheck: { Test: ["CMD", "true"] },
    ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
    Volumes: {},
    User: "1000:1000",
    WorkingDir: "",
    StopSignal: "SIGTERM",
    ArgsEscaped: true,
  },
  history: [
    { created: "2024-05-01T10:00:00.000000000-05:30", created_by: "a && b", empty_layer: false },
    { created_by: "", comment: "c", empty_layer: true },
  ],
};

interface ImageParts {
  readonly format: "oci" | "docker";
  readonly config?: object;
  readonly layer?: object;
  readonly manifest?: object;
  readonly indent?: string;
}

/** An image with the JSON style of any program. */
function imageOf({ format, indent, ...parts }: ImageParts): WholeImage {
  const blobs = new Map<Digest, Uint8Array>();
  const add = (bytes: Buffer, mediaType: string): Descriptor => {
    blobs.set(digestOf(bytes), bytes);
    return { size: bytes.byteLength, digest: digestOf(bytes), mediaType };
  };
  const isOCI = format === "oci";
  const tar = Buffer.alloc(10240, format);
  const layer = add(zlib.gzipSync(tar), isOCI ? ociLayer : dockerLayer);
  const rootfs = { type: "layers", diff_ids: [digestOf(tar)] };
  const content = Buffer.from(JSON.stringify({ ...(parts.config ?? config), rootfs }));
  const manifest = {
    layers: [{ ...layer, ...parts.layer }],
    ...parts.manifest,
    config: add(content, isOCI ? ociConfig : dockerConfig),
    mediaType: isOCI ? ociManifest : dockerManifest,
    schemaVersion: 2,
  };
  return { manifest: whole(manifest, indent), instances: [], blobs };
}

function whole(
  content: { readonly mediaType: string; readonly [field: string]: unknown },
  indent = "",
): WholeManifest {
  const bytes = Buffer.from(JSON.stringify(content, undefined, indent));
  return { bytes, digest: digestOf(bytes), mediaType: content.mediaType };
}

/** An index with the JSON style of any program. */
function indexOf(
  mediaType: string,
  entries: readonly { readonly image: WholeImage; readonly extra?: object }[],
  extra: object = {},
): WholeImage {
  const manifests = entries.map(({ image, extra: more }) => ({
    ...more,
    size: image.manifest.bytes.byteLength,
    mediaType: image.manifest.mediaType,
    digest: image.manifest.digest,
  }));
  return {
    manifest: whole({ manifests, ...extra, mediaType, schemaVersion: 2 }, "  "),
    instances: entries.map(({ image }) => image.manifest),
    blobs: new Map(entries.flatMap(({ image }) => [...image.blobs])),
  };
}

const amd64: Platform = { os: "linux", architecture: "amd64" };
const windows = { "os.features": ["win32k"], os: "windows", "os.version": "10", architecture: "x" };
const arm = { variant: "v7", os: "linux", architecture: "arm" };
const oci: ImageParts = { format: "oci" };
const docker: ImageParts = { format: "docker" };
const urls = { urls: ["https://example.com/?a=1&b=2"] };

/** skopeo before 1.13 writes the variant in another position of the config. */
const platforms: readonly Platform[] = [amd64, { os: "linux", architecture: "s390x" }];

const images: readonly (readonly [string, WholeImage])[] = [
  ["a docker image", await randomImage("conversion", { format: "docker" })],
  ["an OCI image", await randomImage("conversion", { annotations: { a: "b" } })],
  ["a docker list", await randomIndex("conversion", { format: "docker", platforms })],
  ["an OCI index", await randomIndex("conversion", { platforms })],
  ["a docker image with many config fields", imageOf(docker)],
  ["an OCI image with many config fields", imageOf(oci)],
  ["a docker image with an empty config", imageOf({ ...docker, config: {} })],
  ["a docker image with URLs", imageOf({ ...docker, layer: urls })],
  [
    "a docker image with a foreign layer",
    imageOf({
      ...docker,
      layer: { ...urls, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
    }),
  ],
  [
    "an OCI image with annotations and URLs",
    imageOf({
      ...oci,
      layer: { ...urls, annotations: { a: "1" } },
      manifest: { annotations: { "<b>": "2" } },
    }),
  ],
  ["an indented image", imageOf({ ...docker, indent: "\t" })],
  ["a docker image without layers", imageOf({ ...docker, manifest: { layers: null } })],
  ["an OCI image without layers", imageOf({ ...oci, manifest: { layers: [] } })],
  [
    "a docker list with features",
    indexOf(dockerList, [
      { image: imageOf(docker), extra: { platform: { ...windows, features: ["sse4"] } } },
      { image: imageOf({ ...docker, indent: " " }), extra: { platform: arm } },
    ]),
  ],
  [
    "an OCI index with annotations",
    indexOf(
      ociIndex,
      [
        { image: imageOf(docker), extra: { platform: windows, annotations: { b: "&", a: "" } } },
        { image: imageOf({ ...oci, indent: " " }), extra: { platform: arm, ...urls } },
        { image: imageOf(oci), extra: { platform: amd64 } },
      ],
      { annotations: { z: "1", 10: "<", 9: "" } },
    ),
  ],
];

async function manifestIn(folder: string): Promise<string> {
  return readFile(path.join(folder, "manifest.json"), "utf8");
}

const asOCI = ["--format=oci", { manifestMIMEType: ociManifest }] as const;
const asDocker = ["--format=v2s2", { manifestMIMEType: dockerManifest }] as const;

/** The manifests that drayage and skopeo write to a folder. */
async function bothCopies(
  image: WholeImage,
  flag: string,
  options: CopyOptions,
  settings: DirectorySettings = {},
): Promise<{ readonly ours: string; readonly theirs: string }> {
  await using temporary = await temporaryFolder();
  const [from, ours, theirs] = ["from", "ours", "theirs"].map((one) =>
    path.join(temporary.path, one),
  ) as [string, string, string];
  const source = directory().parseReference(from);
  await copyImage(await inMemory(image), source, { instances: "all" });
  const to = directory(settings).parseReference(ours);
  await copyImage(source, to, { ...options, instances: "all" });
  const settled = ["--insecure-policy", "copy", "-q", "--all", flag];
  await outputOf(skopeo, ...settled, `dir:${from}`, `dir:${theirs}`);
  return { ours: await manifestIn(ours), theirs: await manifestIn(theirs) };
}

test
  .skipIf(skopeo === "")
  .for(images.flatMap(([name, image]) => [asOCI, asDocker].map((how) => ({ name, image, how }))))(
  "$name, copied with $how.0, matches skopeo's result",
  async ({ image, how: [flag, options] }) => {
    const { ours, theirs } = await bothCopies(image, flag, options);
    expect(ours).toBe(theirs);
  },
);

test.skipIf(skopeo === "").for(["oci", "docker"] as const)(
  "a decompressed image of %s in Go's field order matches skopeo's result",
  async (format) => {
    const { manifest, ...rest } = imageOf({ format });
    const mediaType = format === "oci" ? dockerManifest : ociManifest;
    const there = editManifest(manifest, { manifestMIMEType: mediaType });
    const back = editManifest(there, { manifestMIMEType: manifest.mediaType });
    const image = { ...rest, manifest: { ...manifest, ...back, digest: digestOf(back.bytes) } };
    const { ours, theirs } = await bothCopies(
      image as WholeImage,
      "--dest-decompress",
      {},
      {
        layers: "decompress",
      },
    );
    expect(ours).toBe(theirs);
  },
);
