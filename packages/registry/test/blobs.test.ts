import { digestOf } from "@drayage/core";
import { ask, textAndDigest } from "@drayage/test-support";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

let registry: Registry;
const { bytes, digest } = textAndDigest("0123456789");

beforeAll(async () => {
  registry = await startRegistry();
  await registry.putBlob("a/b", bytes);
});
afterAll(async () => registry[Symbol.asyncDispose]());

test("a blob has a digest header and Accept-Ranges", async () => {
  const { status, headers, body } = await ask(registry.origin, `GET /v2/a/b/blobs/${digest}`);
  expect({ status, body: body.toString() }).toEqual({ status: 200, body: "0123456789" });
  expect(headers).toMatchObject({
    "docker-content-digest": digest,
    "content-type": "application/octet-stream",
    "accept-ranges": "bytes",
  });
});

test.each<readonly [range: string, part: string, contentRange: string]>([
  ["bytes=0-3", "0123", "bytes 0-3/10"],
  ["bytes=4-", "456789", "bytes 4-9/10"],
  ["bytes=9-9", "9", "bytes 9-9/10"],
  ["bytes=5-100", "56789", "bytes 5-9/10"],
  ["bytes=-3", "789", "bytes 7-9/10"],
  ["bytes=-100", "0123456789", "bytes 0-9/10"],
])("the range %s of ten bytes is %s", async (range, part, contentRange) => {
  const reply = await ask(registry.origin, `GET /v2/a/b/blobs/${digest}`, { headers: { range } });
  expect(reply).toMatchObject({
    status: 206,
    headers: { "content-range": contentRange, "content-length": `${part.length}` },
  });
  expect(reply.body.toString()).toBe(part);
});

test.each(["bytes=10-", "bytes=100-200", "bytes=-0"])(
  "the range %s of ten bytes is not satisfiable",
  async (range) => {
    const reply = await ask(registry.origin, `GET /v2/a/b/blobs/${digest}`, { headers: { range } });
    expect(reply).toMatchObject({ status: 416, headers: { "content-range": "bytes */10" } });
  },
);

test.each(["bytes=0-1,3-4", "lines=0-3", "bytes=5-4", "bytes=-", "0-3"])(
  "the invalid range %s returns the whole blob",
  async (range) => {
    const reply = await ask(registry.origin, `GET /v2/a/b/blobs/${digest}`, { headers: { range } });
    expect(reply).toMatchObject({ status: 200, headers: { "content-length": "10" } });
  },
);

test("If-Range returns the whole blob, because there are no validators", async () => {
  const headers = { range: "bytes=0-3", "if-range": `"${digest}"` };
  const reply = await ask(registry.origin, `GET /v2/a/b/blobs/${digest}`, { headers });
  expect(reply.status).toBe(200);
});

test("without range support the whole blob is sent, without Accept-Ranges", async () => {
  await using whole = await startRegistry({ ranges: false });
  await whole.putBlob("a/b", bytes);
  const headers = { range: "bytes=0-3" };
  const reply = await ask(whole.origin, `GET /v2/a/b/blobs/${digest}`, { headers });
  expect(reply).toMatchObject({ status: 200, headers: { "content-length": "10" } });
  expect(reply.headers["accept-ranges"]).toBeUndefined();
});

test("HEAD ignores ranges", async () => {
  const headers = { range: "bytes=0-3" };
  const reply = await ask(registry.origin, `HEAD /v2/a/b/blobs/${digest}`, { headers });
  expect(reply).toMatchObject({ status: 200, headers: { "content-length": "10" } });
});

test("a blob exists only in the repositories that it was pushed to", async () => {
  await registry.putBlob("c/d", Buffer.from("other"));
  const reply = await ask(registry.origin, `GET /v2/c/d/blobs/${digest}`);
  expect(reply).toMatchObject({ status: 404, code: "BLOB_UNKNOWN" });
});

test("a deleted blob is removed from one repository and stays in others", async () => {
  const gone = await registry.putBlob("e/f", Buffer.from("gone"));
  await registry.putBlob("g/h", Buffer.from("gone"));
  expect(await ask(registry.origin, `DELETE /v2/e/f/blobs/${gone}`)).toMatchObject({ status: 202 });
  expect(await ask(registry.origin, `GET /v2/e/f/blobs/${gone}`)).toMatchObject({ status: 404 });
  expect(await ask(registry.origin, `GET /v2/g/h/blobs/${gone}`)).toMatchObject({ status: 200 });
});

test("an empty blob is served like others", async () => {
  const empty = await registry.putBlob("a/b", new Uint8Array(0));
  expect(empty).toBe(digestOf(new Uint8Array(0)));
  const reply = await ask(registry.origin, `GET /v2/a/b/blobs/${empty}`);
  expect(reply).toMatchObject({ status: 200, headers: { "content-length": "0" } });
});
