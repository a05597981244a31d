import path from "node:path";

import { fileBlobInfoCache } from "@drayage/blob-info-cache";
import { copyImage, openImage } from "@drayage/core";
import type { CopyOptions, CopyResult, ImageReference } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { docker } from "@drayage/transport-docker";
import { dockerArchive } from "@drayage/transport-tarball";
import { describe, expect, test } from "vitest";

import { system } from "./stores.ts";

const skopeo = findProgram("skopeo") ?? "";

/** A docker archive, which has uncompressed layers; the last one has several blocks. */
async function newArchive(folder: string): Promise<string> {
  const image = await randomImage("archive", { format: "docker", layers: 3, layerSize: 2_500_000 });
  const file = path.join(folder, "image.tar");
  await copyImage(await inMemory(image), dockerArchive().parseReference(file));
  return file;
}

async function push(archive: string, to: string, options: CopyOptions): Promise<CopyResult> {
  const reference = docker({ insecure: true, system }).parseReference(to);
  return copyImage(dockerArchive().parseReference(archive), reference, options);
}

function withCacheIn(folder: string): CopyOptions {
  const [file, keyFile] = [path.join(folder, "facts.sqlite"), path.join(folder, "facts.key")];
  return { cache: fileBlobInfoCache({ file, keyFile }) };
}

function requestsTo({ requests }: Registry): readonly string[] {
  return requests
    .map(({ method, path: target }) => `${method} ${target.replace(/sha256:.*/, "DIGEST")}`)
    .toSorted();
}

function bytesSentTo({ requests }: Registry): number {
  return requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0);
}

async function layersOf(reference: ImageReference): Promise<readonly string[]> {
  await using image = await openImage(reference);
  return image.layerInfos.map(({ digest }) => digest);
}

describe("a docker archive that is pushed again", () => {
  test("requests each blob and manifest, and sends only the manifest", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    const first = await push(archive, `//${registry.host}/a:1`, withCacheIn(folder));
    expect(first.blobs).toMatchObject({ copied: 4, reused: 0 });
    registry.clear();
    const second = await push(archive, `//${registry.host}/a:2`, withCacheIn(folder));
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 0, reused: 4 } });
    expect(requestsTo(registry)).toEqual([
      ...Array.from({ length: 4 }, () => "HEAD /v2/a/blobs/DIGEST"),
      "HEAD /v2/a/manifests/2",
      "PUT /v2/a/manifests/2",
    ]);
    expect(bytesSentTo(registry)).toBe(second.manifest.bytes.byteLength);
  });

  test("to another repository mounts blobs, and sends only the manifest", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    await push(archive, `//${registry.host}/a:1`, withCacheIn(folder));
    registry.clear();
    const second = await push(archive, `//${registry.host}/b:1`, withCacheIn(folder));
    expect(second.blobs).toMatchObject({ copied: 0, reused: 4 });
    expect(requestsTo(registry)).toEqual([
      "HEAD /v2/b/manifests/1",
      ...Array.from({ length: 4 }, () => "POST /v2/b/blobs/uploads/"),
      "PUT /v2/b/manifests/1",
    ]);
    expect(bytesSentTo(registry)).toBe(second.manifest.bytes.byteLength);
  });

  test("is compressed and sent if the registry has lost it", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    const options = withCacheIn(folder);
    await using registry = await startRegistry();
    const first = await push(archive, `//${registry.host}/a:1`, options);
    await using empty = await startRegistry();
    const second = await push(archive, `//${empty.host}/a:1`, options);
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 4, reused: 0 } });
  });
});

describe.skipIf(skopeo === "")("skopeo decompresses our layers to the original ones:", () => {
  test.each(["gzip", "zstd"] as const)("%s", async (compression) => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    await push(archive, `//${registry.host}/a:1`, { compression });
    const from = `docker://${registry.host}/a:1`;
    const decompressed = path.join(folder, "decompressed");
    const flags = ["--quiet", "--src-tls-verify=false", "--dest-decompress"];
    await outputOf(skopeo, "--insecure-policy", "copy", ...flags, from, `dir:${decompressed}`);
    expect(await layersOf(directory().parseReference(decompressed))).toEqual(
      await layersOf(dockerArchive().parseReference(archive)),
    );
  });
});
