import { digestOf } from "@drayage/core";
import { ask } from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startRegistry } from "../src/registry.ts";
import type { Registry } from "../src/registry.ts";

let registry: Registry;
const image = await randomImage("endpoints", { layers: 1 });
const { digest } = image.manifest;
const layer = image.layers[0]?.digest ?? digest;
const absent = digestOf(Buffer.from("absent"));

beforeAll(async () => {
  registry = await startRegistry();
  await registry.putImage("team/app", image, "v1");
});
afterAll(async () => registry[Symbol.asyncDispose]());

test.each<readonly [line: string, status: number]>([
  ["GET /v2/", 200],
  ["GET /v2/_catalog", 200],
  ["GET /v2/team/app/tags/list", 200],
  ["GET /v2/team/app/manifests/v1", 200],
  ["HEAD /v2/team/app/manifests/v1", 200],
  [`GET /v2/team/app/manifests/${digest}`, 200],
  [`GET /v2/team/app/manifests/${encodeURIComponent(digest)}`, 200],
  [`GET /v2/team/app/blobs/${layer}`, 200],
  [`HEAD /v2/team/app/blobs/${layer}`, 200],
  [`GET /v2/team/app/referrers/${digest}`, 200],
  ["POST /v2/team/app/blobs/uploads/", 202],
])("the status of %s is %d", async (line, status) => {
  expect(await ask(registry.origin, line)).toMatchObject({ status });
});

test.each<readonly [line: string, status: number, code: string]>([
  ["GET /", 404, "UNSUPPORTED"],
  ["GET /v2", 404, "UNSUPPORTED"],
  ["GET /v1/_ping", 404, "UNSUPPORTED"],
  ["DELETE /v2/", 405, "UNSUPPORTED"],
  ["POST /v2/team/app/manifests/v1", 405, "UNSUPPORTED"],
  [`PUT /v2/team/app/blobs/${layer}`, 405, "UNSUPPORTED"],
  ["POST /v2/team/app/blobs/uploads", 405, "UNSUPPORTED"],
  ["GET /v2/team/app/blobs/uploads/", 405, "UNSUPPORTED"],
  ["POST /v2/team/app/tags/list", 405, "UNSUPPORTED"],
  ["GET /v2/Team/app/tags/list", 400, "NAME_INVALID"],
  ["GET /v2/team/-app/tags/list", 400, "NAME_INVALID"],
  ["GET /v2/team//app/tags/list", 400, "NAME_INVALID"],
  ["GET /v2/team/app..b/tags/list", 400, "NAME_INVALID"],
  [`GET /v2/${"a".repeat(256)}/tags/list`, 400, "NAME_INVALID"],
  ["GET /v2/no/body/tags/list", 404, "NAME_UNKNOWN"],
  ["GET /v2/no/body/manifests/v1", 404, "NAME_UNKNOWN"],
  [`GET /v2/no/body/blobs/${layer}`, 404, "NAME_UNKNOWN"],
  [`GET /v2/team/app/blobs/${absent}`, 404, "BLOB_UNKNOWN"],
  [`DELETE /v2/team/app/blobs/${absent}`, 404, "BLOB_UNKNOWN"],
  ["GET /v2/team/app/blobs/sha256:abc", 400, "DIGEST_INVALID"],
  ["GET /v2/team/app/blobs/md5:900150983cd24fb0d6963f7d28e17f72", 400, "DIGEST_INVALID"],
  ["GET /v2/team/app/manifests/v2", 404, "MANIFEST_UNKNOWN"],
  ["GET /v2/team/app/manifests/.v1", 404, "MANIFEST_UNKNOWN"],
  [`GET /v2/team/app/manifests/${absent}`, 404, "MANIFEST_UNKNOWN"],
  ["GET /v2/team/app/manifests/sha256:abc", 400, "DIGEST_INVALID"],
  ["DELETE /v2/team/app/manifests/v2", 404, "MANIFEST_UNKNOWN"],
  ["GET /v2/team/app/referrers/sha256:abc", 400, "DIGEST_INVALID"],
  ["GET /v2/team/app/tags/list?n=many", 400, "UNSUPPORTED"],
  ["GET /v2/team/app/tags/list?n=-1", 400, "UNSUPPORTED"],
  ["PATCH /v2/team/app/blobs/uploads/nothing", 404, "BLOB_UPLOAD_UNKNOWN"],
  [`PUT /v2/team/app/blobs/uploads/nothing?digest=${absent}`, 404, "BLOB_UPLOAD_UNKNOWN"],
  ["GET /v2/team/app/blobs/uploads/nothing", 404, "BLOB_UPLOAD_UNKNOWN"],
  ["DELETE /v2/team/app/blobs/uploads/nothing", 404, "BLOB_UPLOAD_UNKNOWN"],
  ["PUT /v2/team/app/manifests/-v1", 400, "MANIFEST_INVALID"],
])("%s is rejected with %d %s", async (line, status, code) => {
  expect(await ask(registry.origin, line)).toMatchObject({ status, code });
});

test("an error response is a JSON object with an array of errors, each with code, message and detail", async () => {
  const { headers, body } = await ask(registry.origin, `GET /v2/team/app/blobs/${absent}`);
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body.toString())).toEqual({
    errors: [
      { code: "BLOB_UNKNOWN", message: expect.any(String) as string, detail: { digest: absent } },
    ],
  });
});

test("a response with status 405 lists the allowed methods", async () => {
  const { headers } = await ask(registry.origin, "POST /v2/team/app/manifests/v1");
  expect(headers.allow).toBe("GET, HEAD, PUT, DELETE");
});

test("HEAD has the headers of GET and no body", async () => {
  for (const path of [`/v2/team/app/blobs/${layer}`, "/v2/team/app/manifests/v1"]) {
    const got = await ask(registry.origin, `GET ${path}`);
    const head = await ask(registry.origin, `HEAD ${path}`);
    const { date: _, ...headers } = got.headers;
    expect(head.body.byteLength).toBe(0);
    expect(head.headers).toMatchObject(headers);
    expect(head.headers["content-length"]).toBe(`${got.body.byteLength}`);
  }
});
