import { execFileSync } from "node:child_process";
import path from "node:path";
import zlib from "node:zlib";

import { digestOf, mediaTypes, openImage } from "@drayage/core";
import { compressionOf, readAll } from "@drayage/core/content";
import { findProgram } from "@drayage/test-support";
import { imageFromFiles, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { ociLayout } from "@drayage/transport-oci-layout";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { drayage, temporaryFolder } from "../drayage.ts";
import type { Run } from "../drayage.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe("copy --dest-decompress", () => {
  test("fails above --max-layer-size", async () => {
    const layout = path.join(folder.path, "layout");
    const image = await imageFromFiles([[{ path: "zeros", content: Buffer.alloc(100_000) }]]);
    await writeImage(image, ociLayout().parseReference(`${layout}:x`));
    const copy = async (size: string): Promise<Run> =>
      drayage(
        "copy",
        "--insecure-policy",
        "--dest-decompress",
        `--max-layer-size=${size}`,
        `oci:${layout}:x`,
        `dir:${path.join(folder.path, size)}`,
      );
    const small = await copy("90kB");
    expect(small.code).toBe(1);
    expect(small.stderr).toContain("--max-layer-size");
    expect((await copy("1MB")).code).toBe(0);
  });

  test.skipIf(findProgram("xz") === undefined)("decompresses xz", async () => {
    const layout = path.join(folder.path, "xz");
    const tar = Buffer.alloc(10_240);
    const layer = execFileSync("xz", ["-c"], { input: tar });
    await writeImage(imageOf(layer), ociLayout().parseReference(`${layout}:x`));
    const to = path.join(folder.path, "plain");
    const flags = ["--insecure-policy", "--dest-decompress"];
    const { code, stderr } = await drayage("copy", ...flags, `oci:${layout}:x`, `dir:${to}`);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await using copy = await openImage(directory().parseReference(to));
    expect(copy.layerInfos).toMatchObject([{ size: tar.byteLength, digest: digestOf(tar) }]);
  });
});

describe.each(["xz", "bzip2"])("copy --dest-compress-format of a layer of %s", (program) => {
  const tar = Buffer.alloc(300_000, "layer ");

  async function copied(layer: Buffer, name: string): Promise<Run & { readonly to: string }> {
    const from = `oci:${path.join(folder.path, `${program}-${name}`)}:x`;
    await writeImage(imageOf(layer), ociLayout().parseReference(from.slice("oci:".length)));
    const to = path.join(folder.path, `${program}-${name}-zstd`);
    const flags = ["--insecure-policy", "--dest-compress-format=zstd"];
    return { ...(await drayage("copy", ...flags, from, `dir:${to}`)), to };
  }

  test.skipIf(findProgram(program) === undefined)("recompresses it", async () => {
    const layer = execFileSync(program, ["-c"], { input: tar });
    const { code, stderr, to } = await copied(layer, "whole");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const reference = directory().parseReference(to);
    await using copy = await openImage(reference);
    await using source = await reference.newImageSource();
    const [stored] = copy.layerInfos;
    const bytes = stored && (await readAll(source.getBlob(stored), 1 << 20));
    expect(stored?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
    expect(bytes && zlib.zstdDecompressSync(bytes).equals(tar)).toBe(true);
  });

  test.skipIf(findProgram(program) === undefined)("fails if it is cut", async () => {
    const layer = execFileSync(program, ["-c"], { input: tar }).subarray(0, -20);
    const { code, stderr } = await copied(layer, "cut");
    expect(stderr).toMatch(/cannot be decompressed/);
    expect(code).toBe(1);
  });
});

describe("copy from a docker archive to a layout", () => {
  test.each([
    ["compresses layers", [], "gzip"],
    [
      "keeps them uncompressed with --dest-oci-accept-uncompressed-layers",
      ["--dest-oci-accept-uncompressed-layers"],
      "none",
    ],
  ])("%s", async (_, flags, expected) => {
    const archive = path.join(folder.path, `${expected}.tar`);
    const layout = path.join(folder.path, `of-${expected}`);
    const image = await imageFromFiles([[{ path: "file", content: "content" }]]);
    await writeImage(image, directory().parseReference(`${layout}-image`));
    const copy = async (...args: readonly string[]): Promise<Run> =>
      drayage("copy", "--insecure-policy", ...args);
    await copy(`dir:${layout}-image`, `docker-archive:${archive}:a:b`);
    const { code } = await copy(...flags, `docker-archive:${archive}`, `oci:${layout}:x`);
    expect(code).toBe(0);
    const reference = ociLayout().parseReference(`${layout}:x`);
    await using source = await reference.newImageSource();
    await using stored = await openImage(reference);
    const [layer] = stored.layerInfos;
    if (layer === undefined) throw new Error("has a layer");
    expect(compressionOf(await readAll(source.getBlob(layer), layer.size ?? 0))).toBe(expected);
  });
});

function imageOf(layer: Buffer): WholeImage {
  const config = Buffer.from("{}");
  const described = (bytes: Buffer, mediaType: string): object => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  const mediaType = mediaTypes.ociManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: described(config, mediaTypes.ociConfig),
    layers: [described(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const blobs = new Map([config, layer].map((blob) => [digestOf(blob), blob]));
  return { manifest: { bytes, digest: digestOf(bytes), mediaType }, instances: [], blobs };
}
