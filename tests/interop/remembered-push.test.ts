import path from "node:path";

import { copyImage, openImage } from "@drayage/core";
import type { BlobInfoCache, CopyResult } from "@drayage/core";
import { fileBlobInfoCache } from "@drayage/core/blob-info-cache";
import { scratchFolder } from "@drayage/test-support";
import { findProgram, inMemory, outputOf, randomImage, startRegistry } from "@drayage/testkit";
import type { Registry } from "@drayage/testkit";
import { docker } from "@drayage/transport-docker";
import { dockerArchive } from "@drayage/transport-tarball";
import { describe, expect, test } from "vitest";

import { system } from "./places.ts";

const skopeo = findProgram("skopeo") ?? "";

/** A docker archive, which has its layers unpacked; the last is of several blocks. */
async function newArchive(folder: string): Promise<string> {
  const image = await randomImage("archive", { format: "docker", layers: 3, layerSize: 2_500_000 });
  const file = path.join(folder, "image.tar");
  await copyImage(await inMemory(image), dockerArchive().parseReference(file));
  return file;
}

/** As a process of its own would do it. */
async function push(archive: string, to: string, cache: BlobInfoCache): Promise<CopyResult> {
  const reference = docker({ insecure: true, system }).parseReference(to);
  return copyImage(dockerArchive().parseReference(archive), reference, { cache });
}

function cacheIn(folder: string): BlobInfoCache {
  const [file, keyFile] = [path.join(folder, "facts.sqlite"), path.join(folder, "facts.key")];
  return fileBlobInfoCache({ file, keyFile });
}

function requestsTo({ requests }: Registry): readonly string[] {
  return requests
    .map(({ method, path: target }) => `${method} ${target.replace(/sha256:.*/, "DIGEST")}`)
    .toSorted();
}

function bytesSentTo({ requests }: Registry): number {
  return requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0);
}

async function layersIn(archive: string): Promise<readonly string[]> {
  await using image = await openImage(dockerArchive().parseReference(archive));
  return image.layerInfos.map(({ digest }) => digest);
}

describe("a docker archive that is pushed again", () => {
  test("costs a question for each blob, and sends the manifest alone", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    const first = await push(archive, `//${registry.host}/a:1`, cacheIn(folder));
    expect(first.blobs).toMatchObject({ copied: 4, reused: 0 });
    registry.clear();
    const second = await push(archive, `//${registry.host}/a:2`, cacheIn(folder));
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 0, reused: 4 } });
    expect(requestsTo(registry)).toEqual([
      ...Array.from({ length: 4 }, () => "HEAD /v2/a/blobs/DIGEST"),
      "HEAD /v2/a/manifests/2",
      "PUT /v2/a/manifests/2",
    ]);
    expect(bytesSentTo(registry)).toBe(second.manifest.bytes.byteLength);
  });

  test("into another repository is mounted, and sends the manifest alone", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    await push(archive, `//${registry.host}/a:1`, cacheIn(folder));
    registry.clear();
    const second = await push(archive, `//${registry.host}/b:1`, cacheIn(folder));
    expect(second.blobs).toMatchObject({ copied: 0, reused: 4 });
    expect(requestsTo(registry)).toEqual([
      "HEAD /v2/b/manifests/1",
      ...Array.from({ length: 4 }, () => "POST /v2/b/blobs/uploads/"),
      "PUT /v2/b/manifests/1",
    ]);
    expect(bytesSentTo(registry)).toBe(second.manifest.bytes.byteLength);
  });

  test("is packed and sent where the registry has lost it", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    const cache = cacheIn(folder);
    await using registry = await startRegistry();
    const first = await push(archive, `//${registry.host}/a:1`, cache);
    await using empty = await startRegistry();
    const second = await push(archive, `//${empty.host}/a:1`, cache);
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 4, reused: 0 } });
  });

  test.skipIf(skopeo === "")("is read by skopeo, which finds what was in it", async () => {
    const folder = await scratchFolder();
    const archive = await newArchive(folder);
    await using registry = await startRegistry();
    await push(archive, `//${registry.host}/a:1`, cacheIn(folder));
    const from = `docker://${registry.host}/a:1`;
    const back = path.join(folder, "back.tar");
    const flags = ["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"];
    await outputOf(skopeo, ...flags, from, `docker-archive:${back}`);
    expect(await layersIn(back)).toEqual(await layersIn(archive));
  });
});
