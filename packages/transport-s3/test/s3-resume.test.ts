import { createHash } from "node:crypto";
import { readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { AbortMultipartUploadCommand, S3Client, UploadPartCommand } from "@aws-sdk/client-s3";
import { copyImage, digestOf, hexOf } from "@drayage/core";
import type { Notice, PutBlobOptions } from "@drayage/core";
import { verified } from "@drayage/core/content";
import type { S3Server, S3Settings as ServerSettings } from "@drayage/mock-servers";
import { ended, imageNames, scratchFolder, startProgram } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { thisProcess } from "@drayage/transport-kit/files";
import { describe, expect, test, vi } from "vitest";

import type { S3Settings } from "../src/index.ts";
import { countOf, startBucket } from "./bucket.ts";
import { destinationOf, sourceOf } from "./seeded-copies.ts";

const partSize = 1 << 20;
const parts = 5;
const bytes = Buffer.alloc(parts * partSize - 1000, "text whose length is not a power of two\n");
const blob = { digest: digestOf(bytes), size: bytes.byteLength };
const key = `a/blobs/sha256/${hexOf(blob.digest)}`;
const copy = { seed: "resumed", partSize, compressesLayers: false };

async function startStore(settings: ServerSettings = {}): Promise<S3Server> {
  return startBucket({ minPartSize: partSize, equalParts: true, ...settings });
}

/** The settings of one machine. */
async function settingsFor({ access }: S3Server, more: S3Settings = {}): Promise<S3Settings> {
  return { ...access, conditionalWrites: true, journal: await scratchFolder(), ...more };
}

async function put(
  settings: S3Settings,
  stream: AsyncIterable<Uint8Array>,
  options?: PutBlobOptions,
): Promise<void> {
  const to = destinationOf(copy, settings, "//bucket/a:tag");
  await using destination = await to.newImageDestination();
  expect(await destination.putBlob(stream, blob, options)).toMatchObject(blob);
}

async function* chunked(all: Uint8Array = bytes): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.byteLength; at += 100_000) yield all.subarray(at, at + 100_000);
}

/** Writes until this number of parts has arrived, then aborts. */
async function interrupted(
  server: S3Server,
  settings: S3Settings,
  arrived: number = 3,
): Promise<void> {
  const user = new AbortController();
  const has = (): number => server.bucket().uploads()[0]?.parts.length ?? 0;
  async function* stopping(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunked(bytes.subarray(0, arrived * partSize + 1))) yield chunk;
    await vi.waitUntil(() => has() >= arrived);
    // The abort follows the response to the part, so the client knows that it has arrived.
    await (await fetch(server.access.endpoint)).text();
    user.abort(new Error("aborted by the test"));
    yield bytes.subarray(arrived * partSize + 1);
  }
  await expect(put(settings, stopping(), { signal: user.signal })).rejects.toThrow(
    "aborted by the test",
  );
  expect(has()).toBe(arrived);
  server.clear();
}

async function expectComplete(server: S3Server, { journal = "" }: S3Settings): Promise<void> {
  const found = await server.bucket().find(key);
  expect(digestOf(found?.bytes ?? Buffer.alloc(0))).toBe(blob.digest);
  expect(server.bucket().uploads()).toEqual([]);
  expect(await readdir(journal)).toEqual([]);
}

/** The numbers of the parts that were sent. */
function sent({ requests }: S3Server): readonly number[] {
  return requests
    .filter(({ operation }) => operation === "UploadPart")
    .map(({ query }) => Number(new URLSearchParams(query).get("partNumber")))
    .toSorted((one, other) => one - other);
}

test("after an interruption only the missing parts are sent", async () => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  await put(settings, chunked());
  expect(sent(server)).toEqual([4, 5]);
  expect(countOf(server.requests, "CreateMultipartUpload")).toBe(0);
  await expectComplete(server, settings);
});

test("also after several interruptions, and with a long list of parts", async () => {
  await using server = await startStore({ pageSize: 2 });
  const settings = await settingsFor(server);
  for (const arrived of [1, 3, 4]) await interrupted(server, settings, arrived);
  await put(settings, chunked());
  expect(sent(server)).toEqual([5]);
  expect(countOf(server.requests, "ListParts")).toBe(2);
  await expectComplete(server, settings);
});

test.each([
  ["is kept if a part has arrived", 2],
  ["is aborted if no part has arrived", 0],
])("an upload whose source fails %s", async (_, arrived) => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  const has = (): number => server.bucket().uploads()[0]?.parts.length ?? 0;
  async function* breaking(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunked(bytes.subarray(0, arrived * partSize + 1))) yield chunk;
    await vi.waitUntil(() => has() >= arrived);
    throw new Error("broken");
  }
  await expect(put(settings, breaking())).rejects.toThrow("broken");
  expect(has()).toBe(arrived);
  expect(await readdir(settings.journal ?? "").catch(() => [])).toHaveLength(arrived > 0 ? 1 : 0);
  await put(settings, chunked());
  expect(sent(server)).toHaveLength(parts);
  await expectComplete(server, settings);
});

test.each([
  ["begun", 0],
  ["resumed", 3],
])("an upload of wrong bytes that was %s is aborted at once", async (_, arrived) => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  if (arrived > 0) await interrupted(server, settings, arrived);
  const wrong = Buffer.concat([bytes.subarray(1), Buffer.alloc(1)]);
  await expect(put(settings, verified(chunked(wrong), blob))).rejects.toMatchObject({
    code: "digest-mismatch",
  });
  expect(server.bucket().uploads()).toEqual([]);
  expect(await readdir(settings.journal ?? "")).toEqual([]);
});

test.each([
  ["ETag", {}],
  ["checksum", { encryption: { algorithm: "aws:kms" } }],
] as const)("a part with another %s is sent again, and so is a truncated one", async (_, more) => {
  await using server = await startStore();
  const settings = await settingsFor(server, more);
  await interrupted(server, settings);
  const client = new S3Client({
    ...server.access,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const [upload] = server.bucket().uploads();
  const names = { Bucket: "bucket", Key: key, UploadId: upload?.id };
  const other = Buffer.alloc(partSize, "other");
  const short = bytes.subarray(2 * partSize, 3 * partSize - 1);
  for (const [PartNumber, Body] of [
    [1, other],
    [3, short],
  ] as const) {
    const checksum = "encryption" in more && {
      ChecksumSHA256: createHash("sha256").update(Body).digest("base64"),
    };
    await client.send(new UploadPartCommand({ ...names, PartNumber, Body, ...checksum }));
  }
  server.clear();
  await put(settings, chunked());
  expect(sent(server)).toEqual([1, 3, 4, 5]);
  await expectComplete(server, settings);
});

test("parts whose ETags are not MD5 are verified by their stored checksums", async () => {
  await using server = await startStore();
  const encryption = { algorithm: "aws:kms" } as const;
  const settings = await settingsFor(server, { encryption });
  await interrupted(server, settings);
  await put(settings, chunked());
  expect(sent(server)).toEqual([4, 5]);
  await expectComplete(server, settings);
});

test("an upload that the store no longer has is started again", async () => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  const [upload] = server.bucket().uploads();
  const names = { Bucket: "bucket", Key: key, UploadId: upload?.id };
  await new S3Client(server.access).send(new AbortMultipartUploadCommand(names));
  await put(settings, chunked());
  expect(sent(server)).toEqual([1, 2, 3, 4, 5]);
  await expectComplete(server, settings);
});

test("without permission to list parts they are sent again", async () => {
  await using server = await startStore({
    policy: ({ action }) => action !== "s3:ListMultipartUploadParts",
  });
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  await put(settings, chunked());
  expect(sent(server)).toEqual([1, 2, 3, 4, 5]);
  await expectComplete(server, settings);
});

test("an upload with other headers is not resumed", async () => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  await put({ ...settings, storageClass: "STANDARD_IA" }, chunked());
  expect(sent(server)).toEqual([1, 2, 3, 4, 5]);
  const found = await server.bucket().find(key);
  expect(found?.headers).toMatchObject({ "x-amz-storage-class": "STANDARD_IA" });
});

test("an upload that another client aborts is started again, or is not needed any more", async () => {
  let isDone = false;
  await using server = await startStore({
    async watch({ operation, query }, moment) {
      if (isDone || operation !== "UploadPart" || moment !== "arrived") return;
      isDone = true;
      const UploadId = new URLSearchParams(query).get("uploadId") ?? "";
      const names = { Bucket: "bucket", Key: key, UploadId };
      await new S3Client(server.access).send(new AbortMultipartUploadCommand(names));
    },
  });
  const settings = await settingsFor(server);
  await expect(put(settings, chunked())).rejects.toMatchObject({
    code: "conflict",
    retryable: true,
  });
  await put(settings, chunked());
  await expectComplete(server, settings);
});

describe("an upload that another client aborts after its last part", () => {
  const abortedUpload = async (
    server: S3Server,
    query: string | undefined,
    content: Uint8Array | undefined,
  ): Promise<void> => {
    const UploadId = new URLSearchParams(query).get("uploadId") ?? "";
    const names = { Bucket: "bucket", Key: key, UploadId };
    await new S3Client(server.access).send(new AbortMultipartUploadCommand(names));
    if (content !== undefined) await server.bucket().put(key, content);
  };

  test.each([
    ["is a conflict", undefined, { code: "conflict", retryable: true }],
    [
      "is a permanent conflict if a blob of another size is present",
      bytes.subarray(1),
      { code: "conflict", retryable: false },
    ],
  ])("%s", async (_, content, expected) => {
    await using server: S3Server = await startStore({
      async watch({ operation, query }, moment) {
        if (operation === "CompleteMultipartUpload" && moment === "arrived")
          await abortedUpload(server, query, content);
      },
    });
    const settings = await settingsFor(server);
    await expect(put(settings, chunked())).rejects.toMatchObject(expected);
    expect((await server.bucket().find(key))?.bytes).toEqual(content && Buffer.from(content));
    expect(server.bucket().uploads()).toEqual([]);
  });

  test("succeeds if the blob is present by then", async () => {
    await using server: S3Server = await startStore({
      async watch({ operation, query }, moment) {
        if (operation === "CompleteMultipartUpload" && moment === "arrived")
          await abortedUpload(server, query, bytes);
      },
    });
    const settings = await settingsFor(server);
    await put(settings, chunked());
    await expectComplete(server, settings);
  });
});

test("an upload of a live process is not taken over, and both succeed", async () => {
  const held = Promise.withResolvers<void>();
  let theirs: string | undefined;
  await using server = await startStore({
    async watch({ operation, query }, moment) {
      if (theirs !== undefined || operation !== "UploadPart" || moment !== "done") return;
      theirs = new URLSearchParams(query).get("uploadId") ?? "";
      await held.promise;
    },
  });
  const settings = await settingsFor(server);
  const words = [copy, settings].map((one) => JSON.stringify(one));
  const program = path.join(import.meta.dirname, "copy-seeded.ts");
  const child = startProgram(program, ...words, "//bucket/a:other");
  await vi.waitUntil(() => theirs !== undefined, { timeout: 20_000 });
  const destination = destinationOf(copy, settings, "//bucket/a:tag");
  await copyImage(await sourceOf(copy), destination, { instances: "all" });
  expect(server.bucket().uploads()).toMatchObject([{ id: theirs }]);
  held.resolve();
  expect(await ended(child)).toBe(0);
  expect(await imageNames(destination)).toEqual(["tag", "other"]);
  expect(server.bucket().uploads()).toEqual([]);
  expect(await readdir(settings.journal ?? "")).toEqual([]);
});

test("aborts an upload whose creation response was lost", async () => {
  const fault = { kind: "reset", during: "answer" } as const;
  await using server = await startStore({
    faults: [{ operation: "CreateMultipartUpload", fault }],
  });
  const settings = await settingsFor(server);
  const to = destinationOf(copy, settings, "//bucket/a:tag");
  await copyImage(await sourceOf(copy), to, { instances: "all" });
  const { length } = server.requests.filter(({ operation }) => operation === "UploadPart");
  expect(length).toBe(countOf(server.requests, "CreateMultipartUpload") * 3 - 3);
  expect(server.bucket().uploads()).toEqual([]);
  expect(await readdir(settings.journal ?? "")).toEqual([]);
});

/** The only file of a journal. */
async function onlyEntry({ journal = "" }: S3Settings): Promise<string> {
  const [name = "", ...others] = await readdir(journal);
  expect(others).toEqual([]);
  return path.join(journal, name);
}

test.each([
  ["of another machine with a recent heartbeat", "00000000-1", 1, [1, 2, 3, 4, 5]],
  ["of another machine with an old heartbeat", "00000000-1", 3, [4, 5]],
  ["with the process ID of this one", `${thisProcess.host}-${thisProcess.pid}`, 0, [4, 5]],
])("an upload of a process %s", async (_, owner, minutes, expected) => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  const file = await onlyEntry(settings);
  const theirs = file.replace("left", owner);
  await rename(file, theirs);
  const touched = new Date(Date.now() - minutes * 60_000);
  await utimes(theirs, touched, touched);
  await put(settings, chunked());
  expect(sent(server)).toEqual(expected);
});

test("an upload of another blob is kept for a week, and then aborted", async () => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  await interrupted(server, settings);
  const write = async (seed: string): Promise<void> => {
    const to = destinationOf(copy, settings, `//bucket/a:${seed}`);
    await copyImage(await inMemory(await randomImage(seed)), to);
  };
  await write("one");
  expect(server.bucket().uploads()).toHaveLength(1);
  expect(countOf(server.requests, "ListMultipartUploads", "ListParts")).toBe(0);
  const file = await onlyEntry(settings);
  const longAgo = `"begun":${Date.now() - 8 * 86_400_000}`;
  await writeFile(file, (await readFile(file, "utf8")).replace(/"begun":\d+/, longAgo));
  await write("two");
  expect(server.bucket().uploads()).toEqual([]);
  expect(await readdir(settings.journal ?? "")).toEqual([]);
});

test.each([
  ["empty", ""],
  ["incomplete", '{"version":1,"pool":"ht'],
  ["of a later version", '{"version":2}\n'],
  ["binary", "\u0000\u0001\n\u0002"],
  ["invalid", '{"version":1,"pool":1,"key":[],"headers":null}\n7\n'],
])("a journal entry that is %s does no harm", async (_, content) => {
  await using server = await startStore();
  const settings = await settingsFor(server);
  const entry = path.join(settings.journal ?? "", `upload-left-${"0".repeat(16)}`);
  await writeFile(entry, content);
  await put(settings, chunked());
  expect(sent(server)).toHaveLength(parts);
  expect(server.bucket().keys("a/blobs")).toEqual([key]);
});

test("a copy succeeds with one notice if the journal cannot be written", async () => {
  await using server = await startStore();
  const file = path.join(await scratchFolder(), "file");
  await writeFile(file, "not a folder");
  const settings = await settingsFor(server, { journal: path.join(file, "journal") });
  const notices: Notice[] = [];
  const destination = destinationOf(copy, settings, "//bucket/a:tag");
  const onNotice = (notice: Notice): void => void notices.push(notice);
  await copyImage(await sourceOf(copy), destination, { instances: "all", onNotice });
  expect(notices).toMatchObject([{ kind: "cache" }]);
  expect(await imageNames(destination)).toEqual(["tag"]);
});
