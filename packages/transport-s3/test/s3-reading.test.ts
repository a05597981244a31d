import { digestOf, hexOf } from "@drayage/core";
import type { Digest, ImageSource } from "@drayage/core";
import type { S3Server } from "@drayage/mock-servers";
import { randomImage, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { startBucket, transportTo } from "./bucket.ts";

const partSize = 5 << 20;
const bytes = Buffer.alloc(4 * partSize + 7);
for (let at = 0; at < bytes.byteLength; at += 4)
  bytes.writeUInt32LE(at, Math.min(at, bytes.byteLength - 4));
const digest = digestOf(bytes);

/** An image in a layout with a blob of more than four ranges. */
async function opened(server: S3Server, concurrency?: number): Promise<ImageSource> {
  const reference = transportTo(server, { partSize, concurrency }).parseReference("//bucket/a:tag");
  await writeImage(await randomImage("small", { layers: 1 }), reference);
  await server.bucket().put(`a/blobs/sha256/${hexOf(digest)}`, bytes);
  const source = await reference.newImageSource();
  server.clear();
  return source;
}

async function read(
  source: ImageSource,
  ...given: readonly (number | undefined)[]
): Promise<Buffer> {
  const [start, end] = given;
  const range = start === undefined ? undefined : { start, end };
  const chunks = await Array.fromAsync(source.getBlob({ digest }, { range }));
  return Buffer.concat(chunks);
}

test.each([undefined, 1])(
  "a large blob is read in order by ranges; ranges ahead: %s",
  async (concurrency) => {
    await using server = await startBucket();
    await using source = await opened(server, concurrency);
    expect(digestOf(await read(source))).toBe(digest);
    expect(server.requests.map(({ operation }) => operation)).toEqual(Array(5).fill("GetObject"));
  },
);

test.each([
  [0, 0],
  [1, partSize],
  [partSize - 1, partSize],
  [3 * partSize, undefined],
  [bytes.byteLength - 1, undefined],
  [bytes.byteLength, undefined],
])("a range returns the requested bytes: %s to %s", async (start, end) => {
  await using server = await startBucket();
  await using source = await opened(server);
  const found = await read(source, start, end);
  expect(
    Buffer.compare(found, bytes.subarray(start, end === undefined ? undefined : end + 1)),
  ).toBe(0);
});

test("chunks stay intact unless buffers are reused", async () => {
  await using server = await startBucket();
  await using source = await opened(server);
  const kept = await Array.fromAsync(source.getBlob({ digest }));
  await read(source);
  expect(digestOf(Buffer.concat(kept))).toBe(digest);
});

test("leaving early stops the download and frees its memory", async () => {
  await using server = await startBucket();
  await using source = await opened(server, 2);
  for (let round = 0; round < 5; round++) {
    for await (const chunk of source.getBlob({ digest })) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
  }
  expect(digestOf(await read(source))).toBe(digest);
});

test("an interrupted range is resumed", async () => {
  const fault = { kind: "cut", during: "response", after: 3 << 20 } as const;
  const faults = [{ fault, operation: "GetObject", key: hexOf(digest), times: 2 }] as const;
  await using server = await startBucket({ faults });
  await using source = await opened(server);
  expect(digestOf(await read(source))).toBe(digest);
  const sent = server.requests.reduce((sum, { responseBytes }) => sum + responseBytes, 0);
  expect(sent).toBeLessThan(bytes.byteLength + (4 << 20));
});

test("an absent blob is `not-found`", async () => {
  await using server = await startBucket();
  await using source = await opened(server);
  const missing = `sha256:${"0".repeat(64)}` as Digest;
  await expect(Array.fromAsync(source.getBlob({ digest: missing }))).rejects.toMatchObject({
    code: "not-found",
  });
});
