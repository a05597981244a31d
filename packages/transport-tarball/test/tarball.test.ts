import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { openImage } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { findProgram, outputOf } from "@drayage/test-support";
import { conformance, randomImage } from "@drayage/testkit";
import type { TransportUnderTest, WholeImage } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { tarball } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-tarball-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const skopeo = findProgram("skopeo");
const system = { environment: {} };
let count = 0;

/** The layers of an image, base layer first, each in its own file with the same time. */
async function layerFiles({ manifest, blobs }: WholeImage): Promise<string> {
  const parsed = parseManifest(manifest);
  const files: string[] = [];
  for (const { digest } of parsed.kind === "image" ? parsed.layers : []) {
    const file = path.join(folder, `layer${count++}.tar`);
    await writeFile(file, blobs.get(digest) ?? "");
    await utimes(file, 1_500_000_000, 1_500_000_000.25);
    files.push(file);
  }
  return files.join(":");
}

describe("tarball", async () => {
  const transport = tarball({ system });
  const subject: TransportUnderTest = {
    transport,
    freshReference: () => transport.parseReference(path.join(folder, `nothing${count++}`)),
    store: async (image) => transport.parseReference(await layerFiles(image)),
    preserves: "layers",
  };
  for (const { name, run } of await conformance(subject)) test(name, run);
});

test.skipIf(skopeo === undefined)("the config equals that of skopeo", async () => {
  const image = await randomImage("like skopeo", { layers: 2, compression: ["none", "gzip"] });
  const files = await layerFiles(image);
  const theirs = await outputOf(skopeo ?? "", "inspect", "--config", "--raw", `tarball:${files}`);
  await using ours = await openImage(tarball({ system }).parseReference(files));
  expect(Buffer.from((await ours.configBlob()) ?? []).toString()).toBe(theirs);
});

test("the generated config has the version of the platform", async () => {
  const files = await layerFiles(await randomImage("windows"));
  const platform = {
    os: "windows",
    architecture: "amd64",
    osVersion: "10.0.20348",
    osFeatures: ["win32k"],
  };
  await using image = await openImage(tarball({ platform, system }).parseReference(files));
  expect(JSON.parse(Buffer.from((await image.configBlob()) ?? []).toString())).toMatchObject({
    os: "windows",
    "os.version": "10.0.20348",
    "os.features": ["win32k"],
  });
});

test("settings extend the generated config", async () => {
  const files = await layerFiles(await randomImage("settings"));
  const transport = tarball({
    platform: { os: "linux", architecture: "arm", variant: "v7" },
    entrypoint: ["/bin/sh", "-c"],
    command: ["true"],
    environment: ["A=1"],
    labels: { b: "2", a: "1" },
    system: { environment: { SOURCE_DATE_EPOCH: "1000000000" } },
  });
  await using image = await openImage(transport.parseReference(files));
  expect(JSON.parse(Buffer.from((await image.configBlob()) ?? []).toString())).toMatchObject({
    created: "2001-09-09T01:46:40Z",
    architecture: "arm",
    variant: "v7",
    config: {
      Env: ["A=1"],
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ["true"],
      Labels: { a: "1", b: "2" },
    },
    history: expect.arrayContaining([
      expect.objectContaining({ created: "2001-09-09T01:46:40Z" }),
    ]) as unknown,
  });
});

test("a file that is not a tar file is rejected", async () => {
  const file = path.join(folder, "text");
  await writeFile(file, "not a tar file ".repeat(100));
  const opened = tarball({ system }).parseReference(file).newImageSource();
  await expect(opened).rejects.toMatchObject({ code: "invalid-manifest" });
});
