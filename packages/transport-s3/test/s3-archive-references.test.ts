import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { copyImage, openImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { openArchivedImage, openArchiveFile } from "@drayage/image-archive";
import { startS3 } from "@drayage/mock-servers";
import type { S3Access } from "@drayage/mock-servers";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { conformance } from "@drayage/testkit";
import type { TransportUnderTest } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { s3 } from "../src/index.ts";
import { dockerSave, layersOf, ociArchive, savedImage } from "./archives.ts";

const fixtures = path.resolve(import.meta.dirname, "../../../../shared/fixtures");
const libimage = "containers-common/libimage/testdata";

interface S3Server extends AsyncDisposable {
  readonly access: S3Access;
}

test.skipIf(!isCephInstalled)("Ceph is installed", () => expect(isCephInstalled).toBe(true));

const stores: [name: string, start: () => Promise<S3Server>][] = [
  ["the mock server", () => startS3()],
];
if (isCephInstalled) stores.push(["Ceph's RADOS Gateway", startCeph]);

describe.each(stores)("archives in %s", async (_, start) => {
  const server = await start();
  afterAll(() => server[Symbol.asyncDispose]());
  const Bucket = "archives";
  const client = new S3Client(server.access);
  await client.send(new CreateBucketCommand({ Bucket }));
  const transport = s3(server.access);
  let count = 0;
  const put = async (Body: Uint8Array, name: string): Promise<ImageReference> => {
    const Key = `${count++}/${name}`;
    await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    return transport.parseReference(`//${Bucket}/${Key}`);
  };

  const subject: TransportUnderTest = {
    transport,
    freshReference: () => transport.parseReference(`//${Bucket}/${count++}.tar:image`),
    store: async (whole) => {
      const { stringWithinTransport } = await put(ociArchive(whole), "a.tar");
      return transport.parseReference(`${stringWithinTransport}:image`);
    },
  };
  for (const { name, run } of await conformance(subject)) test(name, run);

  test("an object that was replaced is reported", async () => {
    const reference = await put(dockerSave(savedImage("before", 2, 200_000)), "a.tar");
    await using source = await reference.newImageSource();
    const [digest] = await layersOf(source);
    const Key = reference.stringWithinTransport.slice(Bucket.length + 3);
    const Body = dockerSave(savedImage("after", 2, 200_000));
    await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    const read = Array.fromAsync(source.getBlob({ digest }));
    await expect(read).rejects.toMatchObject({ code: "conflict" });
  });

  test.skipIf(!existsSync(fixtures)).each([
    [
      `${libimage}/docker-name-only.tar.xz`,
      "",
      // The digest that skopeo computes.
      "sha256:bb2f20bd49a554571b609d7da986233682477cb5b10ad6e939e1e31a926bf4e3",
    ],
    [`${libimage}/docker-two-images.tar.xz`, ":example.com/empty/but:different"],
    ["containers-image/docker/archive/fixtures/almostempty.tar", ":emptyimage"],
    [`${libimage}/oci-name-only.tar.gz`, ":pretty-empty:latest"],
  ])("%s%s is the same image in a bucket", async (file, name, digest = "sha256:") => {
    const here = path.join(fixtures, file);
    const { stringWithinTransport } = await put(await readFile(here), path.basename(here));
    const reference = transport.parseReference(stringWithinTransport + name);
    await using there = await openImage(reference);
    await using archive = await openArchivedImage(
      reference,
      await openArchiveFile(here),
      name.slice(1) || undefined,
    );
    expect(there.instance.digest).toBe((await archive.getManifest()).digest);
    expect(there.instance.digest).toMatch(digest);
    const { blobs } = await copyImage(reference, memory().parseReference("out"));
    expect(blobs.copied).toBe(2);
  });
});
