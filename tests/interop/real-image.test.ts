import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { copyImage, Transports } from "@drayage/core";
import type { CopyResult, InstanceSelection } from "@drayage/core";
import { distributionProgram, startDistribution } from "@drayage/test-servers";
import { findProgram, outputOf } from "@drayage/test-support";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { ociLayout } from "@drayage/transport-oci-layout";
import { describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";
const umoci = findProgram("umoci") ?? "";
const areHere = skopeo !== "" && umoci !== "" && distributionProgram !== undefined;
const insecure = ["--insecure-policy"];

const transports = new Transports([docker(), directory(), ociLayout()]);

function copy(
  from: string,
  to: string,
  instances: InstanceSelection = "system",
): Promise<CopyResult> {
  return copyImage(transports.parse(from), transports.parse(to), { instances });
}

/** An image with files of this machine, built by umoci; its digest. */
async function madeByUmoci(
  layout: string,
  name: string,
  ...folders: readonly string[]
): Promise<void> {
  const image = `${layout}:${name}`;
  if (!existsSync(layout)) await outputOf(umoci, "init", "--layout", layout);
  await outputOf(umoci, "new", "--image", image);
  for (const [at, folder] of folders.entries()) {
    const layer = `${layout}-${name}-${at}.tar`;
    await outputOf("tar", "-C", "/", "--mtime=@0", "-cf", layer, folder);
    await outputOf(umoci, "raw", "add-layer", "--image", image, layer);
  }
}

/** The digest that skopeo reports. */
async function digestBySkopeo(name: string): Promise<string> {
  const text = await outputOf(
    skopeo,
    "inspect",
    "--tls-verify=false",
    "--format",
    "{{.Digest}}",
    name,
  );
  return text.trim();
}

/** Whether skopeo can read the image and all its content. */
async function copiedBySkopeo(
  name: string,
  to: string,
  ...options: readonly string[]
): Promise<void> {
  await outputOf(skopeo, ...insecure, "copy", "-q", "--src-tls-verify=false", ...options, name, to);
}

describe.skipIf(!areHere)("an image of real files", () => {
  test("goes layout → Docker Distribution → dir → layout, and all tools read each stop", async () => {
    await using folder = await temporaryFolder();
    await using registry = await startDistribution();
    const at = (name: string): string => path.join(folder.path, name);
    await madeByUmoci(at("made"), "real", "usr/share/zoneinfo", "etc");
    const stops = [
      `oci:${at("made")}:real`,
      `docker://${registry.host}/some/real:tag`,
      `dir:${at("dir")}`,
      `oci:${at("layout")}:again`,
    ] as const;
    const digest = await digestBySkopeo(stops[0]);
    for (const [number, to] of stops.slice(1).entries()) {
      const result = await copy(stops[number] ?? "", to);
      expect(result).toMatchObject({ digest, changes: [] });
      expect(await digestBySkopeo(to)).toBe(digest);
      await copiedBySkopeo(to, `oci:${at(`by-skopeo-${number}`)}:x`);
      expect(await digestBySkopeo(`oci:${at(`by-skopeo-${number}`)}:x`)).toBe(digest);
    }
    await mkdir(at("unpacked"));
    await outputOf(
      umoci,
      "unpack",
      "--rootless",
      "--image",
      `${at("layout")}:again`,
      at("unpacked/x"),
    );
    expect(existsSync(at("unpacked/x/rootfs/etc/debian_version"))).toBe(true);
  });

  test("of several platforms goes the same way completely", async () => {
    await using folder = await temporaryFolder();
    await using registry = await startDistribution();
    const at = (name: string): string => path.join(folder.path, name);
    const { index, digest } = await multiPlatform(at);
    const stops = [
      index,
      `docker://${registry.host}/some/multi:tag`,
      `dir:${at("dir")}`,
      `oci:${at("layout")}:again`,
    ] as const;
    for (const [number, to] of stops.slice(1).entries()) {
      const result = await copy(stops[number] ?? "", to, "all");
      expect(result).toMatchObject({ digest, changes: [] });
      await copiedBySkopeo(to, `dir:${at(`by-skopeo-${number}`)}`, "--all");
      expect(await digestBySkopeo(`dir:${at(`by-skopeo-${number}`)}`)).toBe(digest);
    }
  });

  test("is read after skopeo wrote it", async () => {
    await using folder = await temporaryFolder();
    await using registry = await startDistribution();
    const at = (name: string): string => path.join(folder.path, name);
    await madeByUmoci(at("made"), "real", "etc");
    const digest = await digestBySkopeo(`oci:${at("made")}:real`);
    const places = [
      `dir:${at("dir")}`,
      `oci:${at("layout")}:x`,
      `docker://${registry.host}/by/skopeo:x`,
    ];
    for (const [number, place] of places.entries()) {
      const made = `oci:${at("made")}:real`;
      await outputOf(skopeo, ...insecure, "copy", "-q", "--dest-tls-verify=false", made, place);
      const result = await copy(place, `oci:${at("out")}:from-${number}`);
      expect(result).toMatchObject({ digest, changes: [] });
    }
  });
});

/** An index of two images, built from their descriptors. */
async function multiPlatform(
  at: (name: string) => string,
): Promise<{ index: string; digest: string }> {
  const { digestOf } = await import("@drayage/core");
  const { readFile, writeFile } = await import("node:fs/promises");
  const layout = at("made");
  await madeByUmoci(layout, "amd64", "etc");
  await madeByUmoci(layout, "arm64", "usr/share/zoneinfo/Europe");
  await outputOf(umoci, "config", "--image", `${layout}:arm64`, "--architecture", "arm64");
  const top = JSON.parse(await readFile(path.join(layout, "index.json"), "utf8")) as {
    manifests: {
      annotations: Record<string, string>;
      mediaType: string;
      digest: string;
      size: number;
    }[];
  };
  const manifests = top.manifests.map(({ annotations, mediaType, digest, size }) => ({
    mediaType,
    digest,
    size,
    platform: { os: "linux", architecture: annotations["org.opencontainers.image.ref.name"] },
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, manifests }, undefined, 2),
  );
  const digest = digestOf(bytes);
  await writeFile(path.join(layout, "blobs/sha256", digest.slice(7)), bytes);
  const annotations = { "org.opencontainers.image.ref.name": "multi" };
  const entry = { mediaType, digest, size: bytes.byteLength, annotations };
  await writeFile(
    path.join(layout, "index.json"),
    JSON.stringify({ ...top, manifests: [...top.manifests, entry] }),
  );
  return { index: `oci:${layout}:multi`, digest };
}
