import { readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, openImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import { findProgram, outputOf } from "@drayage/test-support";
import { assertContent, inMemory, randomImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { s3 } from "@drayage/transport-s3";
import { dockerArchive, ociArchive } from "@drayage/transport-tarball";
import { describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const skopeo = findProgram("skopeo");
const layers = 20;
const image = await randomImage("archived", { layers, layerSize: 400_000 });

type Write = (from: ImageReference, file: string) => Promise<unknown>;

/** Writes an archive with skopeo from a folder next to it. */
function bySkopeo(transport: string): Write {
  return async (from, file) => {
    await copyImage(from, directory().parseReference(`${file}.dir`));
    const to = `${transport}:${file}:example.com/app:1`;
    await outputOf(skopeo ?? "", "--insecure-policy", "copy", "-q", `dir:${file}.dir`, to);
  };
}

describe.each<[string, typeof dockerArchive | typeof ociArchive, Write, boolean]>([
  [
    "docker-archive:",
    dockerArchive,
    (from, file) => copyImage(from, dockerArchive().parseReference(`${file}:example.com/app:1`)),
    true,
  ],
  [
    "oci-archive:",
    ociArchive,
    (from, file) => copyImage(from, ociArchive().parseReference(`${file}:example.com/app:1`)),
    true,
  ],
  ["skopeo's docker-archive:", dockerArchive, bySkopeo("docker-archive"), skopeo !== undefined],
  ["skopeo's oci-archive:", ociArchive, bySkopeo("oci-archive"), skopeo !== undefined],
])("the archive of %s", (_, transport, write, isHere) => {
  test.skipIf(!isHere)("is the same image in a bucket, and transfers only the layers", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "a.tar");
    await write(await inMemory(image), file);
    await using server = await startS3();
    const content = await readFile(file);
    await server.bucket().put("a.tar", content);
    const there = s3(server.access).parseReference("//bucket/a.tar:example.com/app:1");
    const here = transport().parseReference(file);

    await using opened = await openImage(there);
    expect(server.requests.length).toBeLessThanOrEqual(layers + 3);
    const bytes = server.requests.reduce((sum, { responseBytes }) => sum + responseBytes, 0);
    expect(bytes).toBeLessThan(content.byteLength / 4);

    await using local = await openImage(here);
    expect(opened.instance.digest).toBe(local.instance.digest);
    await assertContent(there, image);
  });
});
