import { readdir } from "node:fs/promises";

import type { S3Server } from "@drayage/mock-servers";
import { scratchFolder } from "@drayage/test-support";
import { expect, test, vi } from "vitest";

import { Bucket } from "../../src/client/bucket.ts";
import { Connection } from "../../src/client/connection.ts";
import { createUpload } from "../../src/uploads/create-upload.ts";
import type { MultipartUpload } from "../../src/uploads/multipart-upload.ts";
import { copyObject } from "../../src/uploads/object-copy.ts";
import type { BufferedPart } from "../../src/uploads/part-reader.ts";
import { UploadJournal } from "../../src/uploads/upload-journal.ts";
import { countOf, startBucket } from "../bucket.ts";

const bucketOf = ({ access }: S3Server): Bucket => new Bucket("bucket", new Connection(access));

async function contentOf(server: S3Server, key: string): Promise<string | undefined> {
  const found = await server.bucket().find(key);
  return found && Buffer.from(found.bytes).toString();
}

function partOf(text: string): BufferedPart {
  return { bytes: Buffer.from(text), isLast: false, [Symbol.dispose]() {} };
}

interface Created {
  readonly upload: MultipartUpload;
  /** The kinds of owners in the names of the journal. */
  readonly owners: () => Promise<readonly string[]>;
}

async function created(server: S3Server, signal?: AbortSignal): Promise<Created> {
  const folder = await scratchFolder();
  const bucket = bucketOf(server);
  const journal = new UploadJournal(folder, bucket, "blobs");
  const upload = await createUpload(bucket, "key", {}, { signal }, journal);
  const owners = async (): Promise<readonly string[]> =>
    (await readdir(folder)).map((name) => (name.startsWith("upload-left-") ? "none" : "process"));
  return { upload, owners };
}

test("a completed upload is an object, and its entry is deleted", async () => {
  await using server = await startBucket({ minPartSize: 1 });
  const { upload, owners } = await created(server);
  expect(await owners()).toEqual(["process"]);
  for (const text of ["one ", "two ", "three"]) upload.send(partOf(text));
  expect(await upload.complete(13, {})).toBe(true);
  await upload[Symbol.asyncDispose]();
  expect(await contentOf(server, "key")).toBe("one two three");
  expect(await owners()).toEqual([]);
  expect(countOf(server.requests, "AbortMultipartUpload")).toBe(0);
});

test("an error of the completion is thrown, and the upload is aborted", async () => {
  await using server = await startBucket({ minPartSize: 4 });
  const { upload, owners } = await created(server);
  for (const text of ["1", "2"]) upload.send(partOf(text));
  await expect(upload.complete(2, {})).rejects.toMatchObject({ s3Code: "EntityTooSmall" });
  await upload[Symbol.asyncDispose]();
  expect(server.bucket().uploads()).toEqual([]);
  expect(await owners()).toEqual([]);
});

test("an upload that cannot be aborted stays in the journal without an owner", async () => {
  await using server = await startBucket({
    minPartSize: 1,
    policy: ({ action }) => action !== "s3:AbortMultipartUpload",
  });
  const { upload, owners } = await created(server);
  await upload[Symbol.asyncDispose]();
  expect(server.bucket().uploads()).toHaveLength(1);
  expect(await owners()).toEqual(["none"]);
});

test.each([
  ["with parts stays", ["part"], 1],
  ["without parts is aborted", [], 0],
])("an upload that is kept %s", async (_, parts, count) => {
  await using server = await startBucket({ minPartSize: 1 });
  const { upload, owners } = await created(server);
  for (const text of parts) upload.send(partOf(text));
  await vi.waitUntil(() => (server.bucket().uploads()[0]?.parts.length ?? 0) === parts.length);
  await vi.waitUntil(() => server.requests.every(({ status }) => status !== undefined));
  // The response of a later request comes after that of the part.
  await bucketOf(server).head("key");
  upload.keep();
  await upload[Symbol.asyncDispose]();
  expect(server.bucket().uploads()).toHaveLength(count);
  expect(await owners()).toEqual(Array(count).fill("none"));
});

test("an upload without a journal is aborted even if it is kept", async () => {
  await using server = await startBucket({ minPartSize: 1 });
  const upload = await createUpload(bucketOf(server), "key", {}, {});
  upload.send(partOf("part"));
  await vi.waitUntil(() => server.bucket().uploads()[0]?.parts.length === 1);
  await bucketOf(server).head("key");
  upload.keep();
  await upload[Symbol.asyncDispose]();
  expect(server.bucket().uploads()).toEqual([]);
});

test("a part that fails aborts the others, and so does the disposal", async () => {
  const isHeld = Promise.withResolvers<void>();
  await using server: S3Server = await startBucket({
    minPartSize: 1,
    async watch({ operation, query }, moment) {
      if (operation !== "UploadPart" || moment !== "arrived") return;
      if (query.includes("partNumber=1")) await isHeld.promise;
    },
    policy: ({ operation }) => operation !== "UploadPart" || server.requests.length < 3,
  });
  const { upload } = await created(server);
  expect(upload.signal?.aborted).toBe(false);
  upload.send(partOf("held"));
  await vi.waitUntil(() => countOf(server.requests, "UploadPart") === 1);
  upload.send(partOf("denied"));
  await vi.waitUntil(() => upload.signal?.aborted);
  await expect(upload.complete(10, {})).rejects.toBeDefined();
  await upload[Symbol.asyncDispose]();
  expect(server.bucket().uploads()).toEqual([]);
  isHeld.resolve();

  const other = await createUpload(bucketOf(server), "other", {}, {});
  await other[Symbol.asyncDispose]();
  expect(other.signal?.aborted).toBe(true);
});

test("a copy in parts of a multiple of their size has no empty part", async () => {
  await using server = await startBucket({ minPartSize: 1 });
  await server.bucket().put("from", "12345678");
  const from = { bucket: "bucket", key: "from", size: 8 };
  expect(await copyObject(from, bucketOf(server), "to", {}, {}, { partSize: 4 })).toBe(true);
  expect(countOf(server.requests, "UploadPartCopy")).toBe(2);
  expect(await contentOf(server, "to")).toBe("12345678");
});
