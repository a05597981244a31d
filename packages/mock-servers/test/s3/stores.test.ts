import { once } from "node:events";
import { readdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import path from "node:path";

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { newAuthority, opensslProgram, scratchFolder } from "@drayage/test-support";
import { expect, onTestFinished, test } from "vitest";

import { startS3 } from "../../src/s3/s3-server.ts";
import type { S3Settings } from "../../src/s3/s3-settings.ts";
import { outcomeOf } from "./outcome.ts";
import { clientOf, Store } from "./store.ts";

async function storeWith(settings: S3Settings): Promise<Store> {
  const s3 = await startS3(settings);
  const client = clientOf(s3.access);
  onTestFinished(async () => {
    client.destroy();
    await s3[Symbol.asyncDispose]();
  });
  return new Store(s3.access, client, "bucket", "key");
}

const other = '"0123456789abcdef0123456789abcdef"';

test.each<readonly [kind: S3Settings["conditions"], outcomes: readonly string[]]>([
  ["honoured", ["200", "412", "412", "200", "412"]],
  ["ignored", ["200", "200", "200", "200", "200"]],
  ["if-match-rejected", ["200", "412", "412", "412", "200"]],
  ["required", ["200", "412", "412", "200", "412"]],
])("conditions: %s", async (conditions, outcomes) => {
  const store = await storeWith({ conditions });
  const first = await outcomeOf(store.put("x", { IfNoneMatch: "*" }));
  const again = await outcomeOf(store.put("x", { IfNoneMatch: "*" }));
  const wrong = await outcomeOf(store.put("x", { IfMatch: other }));
  const right = await outcomeOf(store.put("x", { IfMatch: '"9dd4e461268c8034f5c8564e155c67a6"' }));
  const id = await store.begin();
  const parts = [await store.part(id, 1, "x")];
  const completed = await outcomeOf(store.complete(id, parts, { IfNoneMatch: "*" }));
  const all = [first, again, wrong, right, completed];
  expect(all.map((outcome) => outcome.slice(0, 3))).toEqual(outcomes);
});

test("conditions: required applies to uploads too, and disables copies", async () => {
  const store = await storeWith({ conditions: "required" });
  const id = await store.begin();
  const parts = [await store.part(id, 1, "x")];
  const copy = { "x-amz-copy-source": "bucket/key" };
  const copied = (condition: Record<string, string>): Promise<string> =>
    outcomeOf(store.raw("PUT", { headers: { ...copy, ...condition } }));
  expect([
    await outcomeOf(store.put("x")),
    await outcomeOf(store.complete(id, parts)),
    await copied({}),
    await copied({ "if-none-match": "*" }),
  ]).toEqual(["403 AccessDenied", "403 AccessDenied", "403 AccessDenied", "501 NotImplemented"]);
});

test("checksums: false ignores checksums", async () => {
  const store = await storeWith({ checksums: false });
  await store.put("x", { ChecksumSHA256: "nonsense" });
  const got = await store.client.send(new GetObjectCommand(store.at({ ChecksumMode: "ENABLED" })));
  expect([got.ChecksumSHA256, got.ChecksumCRC64NVME, got.ChecksumType]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const id = await store.begin({ ChecksumAlgorithm: "SHA256" });
  expect(await outcomeOf(store.complete(id, [await store.part(id, 1, "x")]))).toBe("200");
});

test("copies: false rejects copies", async () => {
  const store = await storeWith({ copies: false });
  await store.put("x");
  const headers = { "x-amz-copy-source": "bucket/key" };
  expect(await outcomeOf(store.raw("PUT", { headers }))).toBe("501 NotImplemented");
  const id = await store.begin();
  const part = store.raw(`PUT ?uploadId=${id}&partNumber=1`, { headers });
  expect(await outcomeOf(part)).toBe("501 NotImplemented");
});

test.each([
  ["aa bb c", "200"],
  ["aa bb cc", "200"],
  ["aa b c", "400 InvalidPart"],
  ["aa bbb", "400 InvalidPart"],
  ["a", "200"],
])("with equalParts, the parts %s are %s", async (contents, outcome) => {
  const store = await storeWith({ equalParts: true, minPartSize: 1 });
  const id = await store.begin();
  const parts = [];
  for (const [at, content] of contents.split(" ").entries()) {
    parts.push(await store.part(id, at + 1, content));
  }
  expect(await outcomeOf(store.complete(id, parts))).toBe(outcome);
});

test("limits can be set", async () => {
  const store = await storeWith({
    maxRequestSize: 10,
    minPartSize: 4,
    maxParts: 3,
    pageSize: 2,
  });
  expect(await outcomeOf(store.put("0123456789"))).toBe("200");
  expect(await outcomeOf(store.put("0123456789a"))).toBe("400 EntityTooLarge");
  const id = await store.begin();
  const parts = [await store.part(id, 1, "four"), await store.part(id, 3, "end")];
  expect(await outcomeOf(store.part(id, 4, "x"))).toBe("400 InvalidArgument");
  await store.complete(id, parts);
  expect(await store.text()).toBe("fourend");
  const source = { "x-amz-copy-source": "bucket/big" };
  const big = await store.begin({ Key: "big" });
  const Key = "big";
  const first = await store.part(big, 1, "0123456789", Key);
  const second = await store.part(big, 2, "0123456789", Key);
  await store.complete(big, [first, second], { Key });
  expect(await outcomeOf(store.raw("PUT", { headers: source }))).toBe("400 InvalidRequest");
  for (const name of ["a", "b"]) await store.put("x", { Key: name });
  const page = await store.client.send(new ListObjectsV2Command({ Bucket: "bucket" }));
  expect([page.KeyCount, page.MaxKeys, page.IsTruncated]).toEqual([2, 2, true]);
});

test("a copy has the storage class and encryption of the request", async () => {
  const store = await storeWith({});
  await store.put("x", {
    StorageClass: "STANDARD_IA",
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: "a-key",
    CacheControl: "immutable",
  });
  await store.raw("PUT", {
    headers: { "x-amz-copy-source": "bucket/key", "x-amz-storage-class": "ONEZONE_IA" },
  });
  const { headers } = await store.raw("HEAD");
  expect(headers).toMatchObject({
    "x-amz-storage-class": "ONEZONE_IA",
    "x-amz-server-side-encryption": "AES256",
    "cache-control": "immutable",
  });
  expect(headers).not.toHaveProperty("x-amz-server-side-encryption-aws-kms-key-id");
});

test("repeatableCompletion: false rejects a repeated completion", async () => {
  const store = await storeWith({ repeatableCompletion: false });
  const id = await store.begin();
  const parts = [await store.part(id, 1, "x")];
  expect(await outcomeOf(store.complete(id, parts))).toBe("200");
  expect(await outcomeOf(store.complete(id, parts))).toBe("404 NoSuchUpload");
});

test("a conditional completion is not repeatable, because the object exists", async () => {
  const store = await storeWith({});
  const id = await store.begin();
  const parts = [await store.part(id, 1, "x")];
  expect(await outcomeOf(store.complete(id, parts, { IfNoneMatch: "*" }))).toBe("200");
  expect(await outcomeOf(store.complete(id, parts, { IfNoneMatch: "*" }))).toBe(
    "412 PreconditionFailed",
  );
});

test("x-amz-mp-object-size is verified", async () => {
  const store = await storeWith({});
  const id = await store.begin();
  const parts = [await store.part(id, 1, "four")];
  expect(await outcomeOf(store.complete(id, parts, { MpuObjectSize: 3 }))).toBe(
    "400 InvalidRequest",
  );
  expect(await outcomeOf(store.complete(id, parts, { MpuObjectSize: 4 }))).toBe("200");
});

test("objects can be stored in a folder and read in ranges", async () => {
  const folder = path.join(await scratchFolder(), "objects");
  const store = await storeWith({ folder, minPartSize: 1 });
  await store.put("");
  const id = await store.begin();
  const parts = [await store.part(id, 1, "01234"), await store.part(id, 2, "56789")];
  await store.complete(id, parts);
  expect(await store.text()).toBe("0123456789");
  const { body } = await store.raw("GET", { headers: { range: "bytes=3-6" } });
  expect(body.toString()).toBe("3456");
  const refused = store.put("x", { ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==" });
  expect(await outcomeOf(refused)).toBe("400 BadDigest");
  expect(await readdir(folder)).toHaveLength(3);
});

test("the log has operations, prices and sizes, but no signatures", async () => {
  await using s3 = await startS3();
  const client = clientOf(s3.access);
  const store = new Store(s3.access, client, "bucket", "a/b");
  await store.put("0123456789");
  await store.raw("GET", { headers: { range: "bytes=0-3" } });
  await store.raw("HEAD");
  await store.rawBucket("GET ?list-type=2&prefix=a");
  await store.begin();
  await store.raw("DELETE");
  await store.raw("GET ?acl");
  client.destroy();
  const facts = s3.requests.map(({ operation, price, status, requestBytes, query }) => [
    operation,
    price,
    status,
    requestBytes,
    query,
  ]);
  expect(facts).toEqual([
    ["PutObject", "put", 200, 10, "x-id=PutObject"],
    ["GetObject", "get", 206, 0, ""],
    ["HeadObject", "get", 200, 0, ""],
    ["ListObjectsV2", "put", 200, 0, "list-type=2&prefix=a"],
    ["CreateMultipartUpload", "put", 200, 0, "uploads="],
    ["DeleteObject", "free", 204, 0, ""],
    [undefined, undefined, 501, 0, "acl="],
  ]);
  expect(s3.requests[1]).toMatchObject({ bucket: "bucket", key: "a/b", responseBytes: 4 });
  expect(s3.requests.at(-1)).toMatchObject({ code: "NotImplemented" });
  expect(s3.bucket().uploads()).toMatchObject([{ key: "a/b", parts: [] }]);
  s3.clear();
  expect(s3.requests).toEqual([]);
});

test("bucket() creates a bucket, and objects can have a past modification time", async () => {
  let now = new Date("2030-01-01T00:00:00Z");
  await using s3 = await startS3({ now: () => now });
  const lastModified = new Date("2020-01-01T00:00:00Z");
  await s3.bucket("other").put("old", "x", { lastModified });
  await s3.bucket("other").put("new", "x");
  now = new Date("2031-01-01T00:00:00Z");
  expect(await s3.bucket("other").find("old")).toMatchObject({ lastModified });
  expect(await s3.bucket("other").find("new")).toMatchObject({
    lastModified: new Date("2030-01-01T00:00:00Z"),
  });
  expect(s3.bucket("other").keys("n")).toEqual(["new"]);
  expect(s3.bucket().keys()).toEqual([]);
});

test.skipIf(opensslProgram === undefined)("the server can serve HTTPS", async () => {
  const authority = newAuthority(await scratchFolder(), "authority");
  await using s3 = await startS3({ tls: authority.issue("s3"), anonymous: true });
  await s3.bucket().put("key", "x");
  const asked = get(`${s3.access.endpoint}/bucket/key`, {
    ca: authority.certificate,
    agent: false,
  });
  const [{ statusCode }] = (await once(asked, "response")) as [IncomingMessage];
  expect(statusCode).toBe(200);
});

test("a bucket is created in the region of the endpoint", async () => {
  await using s3 = await startS3({ region: "eu-west-1", buckets: [] });
  const client = clientOf(s3.access);
  const store = new Store(s3.access, client, "there", "");
  const made = (body?: string): Promise<string> =>
    outcomeOf(store.rawBucket("PUT", body === undefined ? {} : { body }));
  const inRegion = (region: string): string =>
    `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  expect(await made()).toBe("400 IllegalLocationConstraintException");
  expect(await made(inRegion("us-west-2"))).toBe("400 IllegalLocationConstraintException");
  expect(await made(inRegion("eu-west-1"))).toBe("200");
  expect(await made(inRegion("eu-west-1"))).toBe("409 BucketAlreadyOwnedByYou");
  const { body } = await store.rawBucket("GET ?location");
  expect(body.toString()).toContain(">eu-west-1</LocationConstraint>");
  const missing = client.send(new PutObjectCommand({ Bucket: "nowhere", Key: "x", Body: "x" }));
  expect(await outcomeOf(missing)).toBe("404 NoSuchBucket");
  client.destroy();
});
