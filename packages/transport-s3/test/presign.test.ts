import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { copyImage, digestOf, hexOf, parsePlatform } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { inMemory, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { presign, s3 } from "../src/index.ts";
import type { PresignedPart, S3Reference } from "../src/index.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const index = await randomIndex("presigned", { layers: 2 });

/** Fails unless a plain GET of each URL returns the bytes of its digest. */
async function allAreRead(parts: readonly PresignedPart[]): Promise<void> {
  for (const { url, digest, size } of parts) {
    const answer = await fetch(url);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect([answer.status, bytes.byteLength, digestOf(bytes)]).toEqual([200, size, digest]);
  }
}

async function indexAt(reference: S3Reference): Promise<S3Reference> {
  await copyImage(await inMemory(index), reference, { instances: "all" });
  return reference;
}

test("each part of an image is readable by its URL alone, the index first", async () => {
  await using server = await startBucket();
  const reference = await indexAt(transportTo(server).parseReference("//bucket/a b/c:tag"));
  server.clear();
  const before = Date.now();
  const parts = await presign(reference, { expiresIn: 60 });
  expect(countOf(server.requests, "HeadObject")).toBe(0);
  expect(parts[0]).toMatchObject({ kind: "manifest", digest: index.manifest.digest });
  const digests = [index.manifest, ...index.instances].map(({ digest }) => digest);
  expect(parts.map(({ digest }) => digest).toSorted()).toEqual(
    [...digests, ...index.blobs.keys()].toSorted(),
  );
  const kinds = parts.map(({ kind }) => kind);
  expect(kinds.lastIndexOf("manifest")).toBe(index.instances.length);
  for (const { url, expires, mediaType } of parts) {
    expect(new URL(url).searchParams.get("X-Amz-SignedHeaders")).toBe("host");
    expect([...new URL(url).searchParams.keys()].map((name) => name.toLowerCase())).not.toContain(
      "x-amz-checksum-mode",
    );
    expect(Math.abs(Date.parse(expires) - before - 60_000)).toBeLessThan(10_000);
    expect(mediaType).toMatch(/^application\//);
  }
  expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
  await allAreRead(parts);
});

test("a platform selects one image of an index", async () => {
  await using server = await startBucket();
  const reference = await indexAt(transportTo(server).parseReference("//bucket/a:tag"));
  const parts = await presign(reference, { platform: parsePlatform("linux/arm64") });
  const manifests = parts.filter(({ kind }) => kind === "manifest");
  expect(manifests).toHaveLength(1);
  expect(manifests[0]?.digest).not.toBe(index.manifest.digest);
  await allAreRead(parts);
});

test("a URL expires as reported, and allows no other requests", async () => {
  let later = 0;
  await using server = await startBucket({ now: () => new Date(Date.now() + later) });
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  await writeImage(await randomImage("ends", { layers: 1 }), reference);
  const [one, other] = await presign(reference, { expiresIn: 600 });
  const url = new URL(one?.url ?? "");
  expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(403);
  const moved = new URL(url);
  moved.pathname = new URL(other?.url ?? "").pathname;
  expect((await fetch(moved)).status).toBe(403);
  later = 590_000;
  expect((await fetch(url)).status).toBe(200);
  later = 602_000;
  const expired = await fetch(url);
  expect(expired.status).toBe(403);
  expect(await expired.text()).toContain("Request has expired");
});

test("URLs of temporary credentials expire with them", async () => {
  const credentials = { accessKeyId: "AK", secretAccessKey: "SK", sessionToken: "token" };
  const expiration = new Date(Date.now() + 400_000);
  await using server = await startBucket({ credentials: [{ ...credentials, expiration }] });
  const transport = transportTo(server, {
    credentials: async () => ({ ...credentials, expiration }),
  });
  const reference = transport.parseReference("//bucket/a:tag");
  await writeImage(await randomImage("temporary", { layers: 1 }), reference);
  const parts = await presign(reference, { expiresIn: 3600 });
  expect(new Set(parts.map(({ expires }) => expires))).toEqual(new Set([expiration.toISOString()]));
  await allAreRead(parts);
});

test("a custom client adds no header that a request must have", async () => {
  await using server = await startBucket();
  const client = new S3Client({ ...server.access });
  const reference = s3({ client, conditionalWrites: true }).parseReference("//bucket/a:tag");
  await writeImage(await randomImage("client", { layers: 1 }), reference);
  const parts = await presign(reference);
  for (const { url } of parts)
    expect(new URL(url).searchParams.get("X-Amz-SignedHeaders")).toBe("host");
  await allAreRead(parts);
});

test("an external layer has no URL", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a");
  const complete = await randomImage("external", { layers: 1 });
  const manifest = JSON.parse(String(complete.manifest.bytes)) as { readonly layers: object[] };
  const foreign = { ...manifest.layers[0], urls: ["https://example.com/layer"] };
  const bytes = Buffer.from(JSON.stringify({ ...manifest, layers: [foreign] }));
  const { mediaType } = parseManifest(complete.manifest);
  const entry = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  const keyOf = (hex: string): string => `a/blobs/sha256/${hex}`;
  await server.bucket().put(keyOf(hexOf(entry.digest)), bytes);
  const indexFile = { schemaVersion: 2, manifests: [entry] };
  await server.bucket().put("a/index.json", JSON.stringify(indexFile));
  expect((await presign(reference)).map(({ kind }) => kind)).toEqual(["manifest", "config"]);
});

test.each([0, 0.5, 604_801, Number.NaN])("%s seconds are not a valid expiry", async (expiresIn) => {
  const reference = s3().parseReference("//bucket/a:tag");
  await expect(presign(reference, { expiresIn })).rejects.toBeInstanceOf(RangeError);
});

test("an image in an archive cannot be presigned", async () => {
  const reference = s3().parseReference("//bucket/a.tar");
  await expect(presign(reference)).rejects.toMatchObject({ code: "unsupported" });
});

describe.skipIf(!isCephInstalled)("Ceph's RADOS Gateway", () => {
  test("accepts the URLs", async () => {
    await using ceph = await startCeph();
    await new S3Client(ceph.access).send(new CreateBucketCommand({ Bucket: "bucket" }));
    const parts = await presign(await indexAt(s3(ceph.access).parseReference("//bucket/a:tag")));
    await allAreRead(parts);
    const url = new URL(parts[0]?.url ?? "");
    url.searchParams.set("X-Amz-Expires", "7200");
    expect((await fetch(url)).status).toBe(403);
  });
});
