import { digestOf, hexOf, isImageError, Retries } from "@drayage/core";
import type { ImageDestination } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { expect, test } from "vitest";

import { partSizeFor } from "../src/uploads/blob-upload.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const mebibyte = 1 << 20;
const partSize = 5 * mebibyte;

async function opened(...given: Parameters<typeof transportTo>): Promise<ImageDestination> {
  return transportTo(...given)
    .parseReference("//bucket/a:tag")
    .newImageDestination();
}

/** Seeded bytes in chunks that share one buffer. */
async function* reusingBuffer(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(1_000_003);
  for (let at = 0; at < bytes.byteLength; at += memory.byteLength) {
    const chunk = bytes.subarray(at, at + memory.byteLength);
    memory.set(chunk);
    yield memory.subarray(0, chunk.byteLength);
  }
}

function bytesOf(size: number): Uint8Array {
  return Buffer.alloc(size, "a line that is not as long as a chunk\n");
}

function blobOf(bytes: Uint8Array): { digest: ReturnType<typeof digestOf>; size: number } {
  return { digest: digestOf(bytes), size: bytes.byteLength };
}

test("a small blob is sent in one request, with its digest as the checksum", async () => {
  await using server = await startBucket();
  await using destination = await opened(server, { storageClass: "STANDARD_IA" });
  const bytes = bytesOf(100_000);
  const blob = { ...blobOf(bytes), mediaType: "application/x-layer" };
  await destination.putBlob(reusingBuffer(bytes), blob);
  const key = `a/blobs/sha256/${hexOf(blob.digest)}`;
  const found = await server.bucket().find(key);
  expect(Buffer.compare(found?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
  expect(found?.headers).toMatchObject({
    "content-type": "application/x-layer",
    "cache-control": "max-age=31536000, immutable",
    "x-amz-storage-class": "STANDARD_IA",
  });
  expect(countOf(server.requests, "PutObject")).toBe(1);
});

test("a store rejects bytes with another digest", async () => {
  await using server = await startBucket();
  await using destination = await opened(server);
  const { digest, size } = blobOf(bytesOf(1000));
  await expect(
    destination.putBlob(
      streamOf(Buffer.alloc(1000)),
      { digest, size },
      { retries: new Retries({ initialDelay: 1 }) },
    ),
  ).rejects.toSatisfy((error) => isImageError(error));
  expect(server.bucket().keys("a/blobs")).toEqual([]);
});

test.each([
  ["known", true, "sha256"],
  ["computed during the upload", false, "sha256"],
  ["computed during the upload with sha512", false, "sha512"],
] as const)(
  "a large blob is sent in equal parts, its digest %s",
  async (_, isKnown, digestAlgorithm) => {
    await using server = await startBucket({ equalParts: true });
    await using destination = await opened(server, { partSize });
    const bytes = bytesOf(3 * partSize + 1);
    const blob = { digest: digestOf(bytes, digestAlgorithm), size: bytes.byteLength };
    const known = isKnown ? blob : {};
    const stored = await destination.putBlob(reusingBuffer(bytes), known, { digestAlgorithm });
    expect(stored).toMatchObject(blob);
    const key = `a/blobs/${digestAlgorithm}/${hexOf(blob.digest)}`;
    expect(server.bucket().keys()).toEqual([key]);
    const found = await server.bucket().find(key);
    expect(Buffer.compare(found?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
    expect(countOf(server.requests, "UploadPart")).toBe(4);
  },
);

test("a blob of exactly one part is sent in one request", async () => {
  await using server = await startBucket();
  await using destination = await opened(server, { partSize });
  await destination.putBlob(reusingBuffer(bytesOf(partSize)), {});
  expect(countOf(server.requests, "PutObject")).toBe(1);
  expect(countOf(server.requests, "CreateMultipartUpload")).toBe(0);
});

const broken = new Error("broken");
const denied = { kind: "error", code: "AccessDenied" } as const;
const deniedLate = { kind: "late-error", code: "AccessDenied" } as const;

test.each([
  ["the stream", [], broken],
  ["a part", [{ fault: denied, operation: "UploadPart", nth: 2 }], { code: "denied" }],
  ["the end", [{ fault: deniedLate, operation: "CompleteMultipartUpload" }], { code: "denied" }],
] as const)("an upload is aborted if %s fails", async (where, faults, expected) => {
  await using server = await startBucket({ faults });
  await using destination = await opened(server, { partSize });
  const bytes = bytesOf(3 * partSize);
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield* reusingBuffer(bytes);
    if (where === "the stream") throw broken;
  }
  await expect(destination.putBlob(breaking(), blobOf(bytes))).rejects.toMatchObject(expected);
  expect(server.bucket().uploads()).toEqual([]);
  expect(server.bucket().keys()).toEqual([]);
});

test.each([
  ["a lost part", "UploadPart", { kind: "reset", during: "request", after: 1000 }],
  ["a busy store", "UploadPart", { kind: "error", code: "SlowDown" }],
  [
    "a lost response to the completion",
    "CompleteMultipartUpload",
    { kind: "reset", during: "answer" },
  ],
  [
    "a late failure of the completion",
    "CompleteMultipartUpload",
    { kind: "late-error", code: "InternalError" },
  ],
  ["a lost response to a write", "PutObject", { kind: "reset", during: "answer" }],
] as const)("%s is retried without sending the whole blob again", async (_, operation, fault) => {
  await using server = await startBucket({ faults: [{ fault, operation }] });
  await using destination = await opened(server, { partSize });
  const bytes = bytesOf(operation === "PutObject" ? 1000 : 2 * partSize);
  let times = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    times++;
    yield* reusingBuffer(bytes);
  }
  expect(await destination.putBlob(counted(), blobOf(bytes))).toMatchObject(blobOf(bytes));
  expect(times).toBe(1);
  expect(server.requests.some(({ isFaulty }) => isFaulty)).toBe(true);
  expect(server.bucket().uploads()).toEqual([]);
});

test("the second writer finds the blob of the first", async () => {
  await using server = await startBucket();
  const bytes = bytesOf(2 * partSize);
  const write = async (): Promise<void> => {
    await using destination = await opened(server, { partSize });
    await destination.putBlob(reusingBuffer(bytes), blobOf(bytes));
  };
  await Promise.all([write(), write(), write()]);
  expect(server.bucket().keys()).toEqual([`a/blobs/sha256/${hexOf(digestOf(bytes))}`]);
  expect(server.bucket().uploads()).toEqual([]);
});

test("another object under the key of a blob is a conflict", async () => {
  await using server = await startBucket();
  await using destination = await opened(server);
  const blob = blobOf(bytesOf(1000));
  await server.bucket().put(`a/blobs/sha256/${hexOf(blob.digest)}`, "short");
  expect(await destination.tryReusingBlob({ ...blob, mediaType: "a" })).toBeUndefined();
  await expect(destination.putBlob(reusingBuffer(bytesOf(1000)), blob)).rejects.toMatchObject({
    code: "conflict",
    retryable: false,
  });
});

test.each([
  [undefined, 16],
  [16 * mebibyte, 16],
  [160_000 * mebibyte, 16],
  [160_001 * mebibyte, 17],
  [5 * 1024 * 1024 * mebibyte, 525],
])("a blob of %s bytes has at most 10 000 parts", (size, expected) => {
  const found = partSizeFor(size, 16 * mebibyte);
  expect(found).toBe(expected * mebibyte);
  expect(Math.ceil((size ?? 0) / found)).toBeLessThanOrEqual(10_000);
});
