import { createHash } from "node:crypto";

import { copyImage, digestOf, hexOf } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import type { LoggedS3Request, S3Moment, S3Server } from "@drayage/mock-servers";
import { inMemory, assertImage, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { formatLocation } from "../src/layout/object-location.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const buckets = ["theirs", "ours"];
const partSize = 5 << 20;
const small = await randomImage("small", { layers: 2 });
const large = await randomImage("large", {
  layers: 2,
  layerSize: partSize + 1,
  compression: "none",
});

const from = "//theirs/app:tag";
const to = "//ours/app:tag";

function keyOf(digest: Digest): string {
  return `app/blobs/sha256/${hexOf(digest)}`;
}

function layersOf({ manifest }: typeof small): readonly Descriptor[] {
  const parsed = parseManifest(manifest);
  return parsed.kind === "image" ? parsed.layers : [];
}

/** Other bytes of the same size. */
function tampered(image: typeof small, digest: Digest): Buffer {
  const bytes = Buffer.from(image.blobs.get(digest) ?? []);
  bytes[bytes.byteLength - 1]! ^= 1;
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** Blobs that were read rather than copied inside the store. */
function readBlobs({ requests }: S3Server, image: typeof small): number {
  const keys = new Set([...image.blobs.keys()].map(keyOf));
  const reads = requests.filter(({ operation }) => operation === "GetObject");
  return new Set(reads.map(({ key }) => key).filter((key) => keys.has(key))).size;
}

/** The content under each key of `ours`, read after each request. */
function keysSeen(): {
  readonly seen: Map<string, Set<Digest>>;
  readonly look: (server: S3Server) => Promise<void>;
} {
  const seen = new Map<string, Set<Digest>>();
  const look = async (server: S3Server): Promise<void> => {
    const bucket = server.bucket("ours");
    for (const key of bucket.keys("app/blobs/sha256/")) {
      const found = await bucket.find(key);
      const digests = seen.get(key) ?? new Set();
      seen.set(key, digests);
      if (found !== undefined) digests.add(digestOf(found.bytes));
    }
  };
  return { seen, look };
}

describe("other bytes under a digest in the source are not copied to the key of a digest", () => {
  test.each([
    ["a small layer without a checksum", small, undefined],
    ["a small layer with the checksum of the other bytes", small, sha256],
    ["a large layer without a checksum", large, undefined],
    ["a large layer with the checksum of the other bytes", large, sha256],
  ] as const)("%s", async (_, image, checksum) => {
    const { seen, look } = keysSeen();
    await using server: S3Server = await startBucket({
      buckets,
      watch: async (_request, moment) => (moment === "done" ? look(server) : undefined),
    });
    await copyImage(await inMemory(image), transportTo(server).parseReference(from));
    const [layer] = layersOf(image);
    const other = tampered(image, layer!.digest);
    await server.bucket("theirs").put(keyOf(layer!.digest), other, { sha256: checksum?.(other) });
    const copied = copyImage(
      transportTo(server, { partSize }).parseReference(from),
      transportTo(server, { partSize }).parseReference(to),
    );
    await expect(copied).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(server.bucket("ours").keys("app/blobs/_drayage/")).toEqual([]);
    expect(server.bucket("ours").keys()).not.toContain("app/index.json");
    for (const [key, digests] of seen)
      expect([...digests].map((digest) => key.endsWith(hexOf(digest)))).toEqual([true]);
  });
});

describe("a source that is replaced between lookup and copy is read", () => {
  test.each([
    ["small", small],
    ["large", large],
  ])("%s", async (_, image) => {
    const { seen, look } = keysSeen();
    const [{ digest } = { digest: "" as Digest }] = layersOf(image);
    const replace = async (request: LoggedS3Request, moment: S3Moment): Promise<void> => {
      if (moment === "done") return look(server);
      if (request.operation !== "CopyObject" || moment !== "arrived") return;
      await server.bucket("theirs").put(keyOf(digest), tampered(image, digest));
    };
    await using server: S3Server = await startBucket({ buckets, watch: replace });
    await copyImage(await inMemory(image), transportTo(server).parseReference(from));
    const copied = copyImage(
      transportTo(server, { partSize }).parseReference(from),
      transportTo(server, { partSize }).parseReference(to),
    );
    await expect(copied).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(seen.get(keyOf(digest))).toBeUndefined();
  });
});

/** Two blocks with one MD5, and so one ETag (Wang, Feng, Lai and Yu, "Collisions for Hash Functions", 2004). */
const collision = [
  "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70",
  "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70",
].map((hex) => Buffer.from(hex, "hex")) as [Buffer, Buffer];

test("a copy of another version with the same ETag is deleted", async () => {
  const [good, other] = collision;
  const digest = digestOf(good);
  const bucketOf = (): ReturnType<S3Server["bucket"]> => server.bucket("theirs");
  await using server: S3Server = await startBucket({
    buckets,
    watch: async ({ operation }, moment) => {
      if (operation === "CopyObject" && moment === "arrived")
        await bucketOf().put(keyOf(digest), other, { sha256: sha256(other) });
    },
  });
  await bucketOf().put(keyOf(digest), good, { sha256: sha256(good) });
  await using destination = await transportTo(server).parseReference(to).newImageDestination();
  const location = formatLocation({
    endpoint: server.access.endpoint,
    bucket: "theirs",
    key: keyOf(digest),
  });
  const blob = { digest, size: good.byteLength, mediaType: "application/octet-stream" };
  expect(await destination.tryReusingBlob(blob, { location })).toBeUndefined();
  expect(countOf(server.requests, "CopyObject")).toBe(1);
  expect(server.bucket("ours").keys("app/blobs/")).toEqual([]);
});

describe("a source that the store cannot verify is not copied", () => {
  const bytes = small.blobs.get(layersOf(small)[0]!.digest) ?? new Uint8Array(0);
  test.each([
    ["under another algorithm", digestOf(bytes, "sha512"), bytes.byteLength],
    ["of another size", digestOf(bytes), bytes.byteLength + 1],
    ["above 5 GiB", digestOf(bytes), 5 * 2 ** 30 + 1],
    ["of another checksum", digestOf(Buffer.from("other")), bytes.byteLength],
  ])("%s", async (_, digest, size) => {
    await using server = await startBucket({ buckets });
    await server.bucket("theirs").put("some", bytes, { sha256: sha256(bytes) });
    await using destination = await transportTo(server).parseReference(to).newImageDestination();
    const { endpoint } = server.access;
    const location = formatLocation({ endpoint, bucket: "theirs", key: "some" });
    const blob = { digest, size, mediaType: "application/octet-stream" };
    expect(await destination.tryReusingBlob(blob, { location })).toBeUndefined();
    expect(countOf(server.requests, "CopyObject", "UploadPartCopy")).toBe(0);
  });
});

test("layers that were stored in parts are hashed by the store, without a download", async () => {
  await using server = await startBucket({ buckets });
  const source = transportTo(server, { partSize }).parseReference(from);
  await copyImage(await inMemory(large), source);
  server.clear();
  const destination = transportTo(server, { partSize }).parseReference(to);
  expect((await copyImage(source, destination)).blobs).toMatchObject({ copied: 0, reused: 3 });
  expect(readBlobs(server, large)).toBe(0);
  const [layers, config] = [2, 1];
  expect(countOf(server.requests, "CopyObject")).toBe(2 * layers + config);
  expect(countOf(server.requests, "DeleteObject")).toBe(layers);
  expect(server.bucket("ours").keys("app/blobs/_drayage/")).toEqual([]);
  await assertImage(destination, large);
});

test("a copy over a temporary key gets the headers of the settings only at its final key", async () => {
  await using server = await startBucket({ buckets });
  const source = transportTo(server, { partSize }).parseReference(from);
  await copyImage(await inMemory(large), source);
  const settings = { partSize, storageClass: "GLACIER" };
  const classes = new Set<string>();
  const [layer] = layersOf(large);
  await copyImage(source, transportTo(server, settings).parseReference(to));
  const found = await server.bucket("ours").find(keyOf(layer!.digest));
  classes.add(found?.headers["x-amz-storage-class"] ?? "");
  expect([...classes]).toEqual(["GLACIER"]);
});

test("with a store without checksums all blobs are read, after one attempt", async () => {
  await using server = await startBucket({ buckets, checksums: false });
  const source = transportTo(server, { partSize }).parseReference(from);
  await copyImage(await inMemory(large), source);
  server.clear();
  const destination = transportTo(server, { partSize }).parseReference(to);
  await copyImage(source, destination);
  expect(readBlobs(server, large)).toBe(large.blobs.size);
  expect(countOf(server.requests, "CopyObject")).toBe(1);
  expect(server.bucket("ours").keys("app/blobs/_drayage/")).toEqual([]);
  await assertImage(destination, large);
});

test("small blobs without a checksum are read", async () => {
  await using server = await startBucket({ buckets });
  await copyImage(await inMemory(small), transportTo(server).parseReference(from));
  for (const [digest, bytes] of small.blobs)
    await server.bucket("theirs").put(keyOf(digest), bytes);
  server.clear();
  const destination = transportTo(server).parseReference(to);
  await copyImage(transportTo(server).parseReference(from), destination);
  expect(countOf(server.requests, "CopyObject")).toBe(0);
  await assertImage(destination, small);
});

describe("an existing blob of the right size", () => {
  const [{ digest, size } = { digest: "" as Digest, size: 0 }] = layersOf(small);
  const blob = { digest, size, mediaType: "application/octet-stream" };

  test("does not count as present if its checksum differs, and is not replaced", async () => {
    await using server = await startBucket({ buckets });
    const other = tampered(small, digest);
    await server.bucket("ours").put(keyOf(digest), other, { sha256: sha256(other) });
    const destination = transportTo(server).parseReference(to);
    {
      await using opened = await destination.newImageDestination();
      expect(await opened.tryReusingBlob(blob)).toBeUndefined();
    }
    const copied = copyImage(await inMemory(small), destination);
    await expect(copied).rejects.toMatchObject({ code: "conflict", retryable: false });
    server.bucket("ours").delete(keyOf(digest));
    await copyImage(await inMemory(small), destination);
    await assertImage(destination, small);
  });

  test("counts as present without a checksum, also if the permissions do not allow reading one", async () => {
    const faults = [
      { operation: "HeadObject", fault: { kind: "error", code: "AccessDenied" } },
    ] as const;
    await using server = await startBucket({ buckets, faults });
    await server.bucket("ours").put(keyOf(digest), small.blobs.get(digest) ?? "");
    await using opened = await transportTo(server).parseReference(to).newImageDestination();
    expect(await opened.tryReusingBlob(blob)).toEqual({ digest, size });
    expect(countOf(server.requests, "HeadObject")).toBe(2);
  });
});
