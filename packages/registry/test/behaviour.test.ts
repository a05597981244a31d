import { get } from "node:https";

import {
  ask,
  newAuthority,
  next,
  octets,
  opensslProgram,
  scratchFolder,
  textAndDigest,
} from "@drayage/test-support";
import { randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { startRegistry } from "../src/registry.ts";

const { bytes, digest } = textAndDigest("0123456789");
const blob = `GET /v2/a/b/blobs/${digest}`;

test("the log has every request in order, with its path and body sizes", async () => {
  await using registry = await startRegistry();
  const opened = await ask(registry.origin, "POST /v2/a/b/blobs/uploads/");
  const put = `PUT ${next(opened, `digest=${digest}`)}`;
  await ask(registry.origin, put, { headers: octets, body: bytes });
  await ask(registry.origin, blob, { headers: { range: "bytes=0-3" } });
  await ask(registry.origin, blob.replace("GET", "HEAD"));
  await ask(registry.origin, "GET /v2/a/b/tags/list?n=1");
  const facts = registry.requests.map((request) => [
    request.method,
    request.status,
    request.requestBytes,
    request.responseBytes,
  ]);
  expect(facts).toEqual([
    ["POST", 202, 0, 0],
    ["PUT", 201, 10, 0],
    ["GET", 206, 0, 4],
    ["HEAD", 200, 0, 0],
    ["GET", 200, 0, '{"name":"a/b","tags":[]}'.length],
  ]);
  expect(registry.requests.at(-1)).toMatchObject({ path: "/v2/a/b/tags/list", query: "n=1" });
  registry.clear();
  expect(registry.requests).toEqual([]);
});

test("blobs can be redirected to another origin, which rejects credentials", async () => {
  await using registry = await startRegistry({ redirectBlobs: true });
  await registry.putBlob("a/b", bytes);
  const redirect = await ask(registry.origin, blob);
  expect(redirect.status).toBe(307);
  const { origin, pathname, search } = new URL(next(redirect));
  expect(origin).not.toBe(registry.origin);
  const line = `GET ${pathname}${search}`;
  const got = await ask(origin, line, { headers: { range: "bytes=2-4" } });
  expect({ status: got.status, body: got.body.toString() }).toEqual({ status: 206, body: "234" });
  const headers = { Authorization: "Bearer token" };
  expect(await ask(origin, line, { headers })).toMatchObject({ status: 400 });
  expect(await ask(origin, `GET ${pathname}`)).toMatchObject({ status: 403 });
  expect(await ask(origin, `GET /other${search}`)).toMatchObject({ status: 403 });
  expect(await ask(origin, line.replace("GET", "HEAD"))).toMatchObject({ status: 403 });
  const head = await ask(registry.origin, blob.replace("GET", "HEAD"));
  expect(head.status).toBe(200);
  const stored = registry.requests.filter(({ server }) => server === "storage");
  expect(stored.map(({ status, query }) => [status, query])).toEqual([
    [206, ""],
    [400, ""],
    [403, ""],
    [403, ""],
    [403, ""],
  ]);
});

test("a registry listens on the given port, or fails", async () => {
  await using registry = await startRegistry({ hostname: "localhost" });
  const { port, host, origin } = registry;
  expect([host, origin]).toEqual([`localhost:${port}`, `http://localhost:${port}`]);
  expect(await ask(origin, "GET /v2/")).toMatchObject({ status: 200 });
  await expect(startRegistry({ hostname: "localhost", port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("intercept can replace the response to one request", async () => {
  let times = 0;
  await using registry = await startRegistry({
    intercept: ({ method, path }) => {
      const isMeant = method === "GET" && path.includes("/blobs/") && times++ === 0;
      return isMeant ? { status: 503, headers: { "Retry-After": "1" }, body: "busy" } : undefined;
    },
  });
  await registry.putBlob("a/b", bytes);
  const busy = await ask(registry.origin, blob);
  expect(busy).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  expect(busy.body.toString()).toBe("busy");
  expect(await ask(registry.origin, blob)).toMatchObject({ status: 200 });
});

test("intercept can close the connection", async () => {
  await using registry = await startRegistry({ intercept: () => "cut" });
  await expect(ask(registry.origin, blob)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(registry.requests).toMatchObject([{ status: undefined }]);
});

test("a hanging request ends with the registry", async () => {
  const hanging = Promise.withResolvers<void>();
  const registry = await startRegistry({
    intercept: () => {
      hanging.resolve();
      return "hang";
    },
  });
  const asked = ask(registry.origin, blob).catch((error: unknown) => error);
  await hanging.promise;
  await registry[Symbol.asyncDispose]();
  expect(await asked).toMatchObject({ code: "ECONNRESET" });
});

test("an error in a hook is returned to the client with status 500", async () => {
  await using registry = await startRegistry({
    intercept: () => {
      throw new TypeError("a typo");
    },
  });
  const reply = await ask(registry.origin, blob);
  expect([reply.status, reply.body.toString()]).toEqual([500, "TypeError: a typo"]);
});

test("transformBody changes the body but not the headers", async () => {
  await using registry = await startRegistry({
    async *transformBody({ path }, body) {
      for await (const chunk of body) yield path.includes("/blobs/") ? chunk.toReversed() : chunk;
    },
  });
  await registry.putBlob("a/b", bytes);
  const reply = await ask(registry.origin, blob);
  expect(reply).toMatchObject({ status: 200, headers: { "docker-content-digest": digest } });
  expect(reply.body.toString()).toBe("9876543210");
});

test("a shortened body ends with a closed connection", async () => {
  await using registry = await startRegistry({
    async *transformBody(_, body) {
      for await (const chunk of body) yield chunk.subarray(0, 4);
    },
  });
  await registry.putBlob("a/b", bytes);
  await expect(ask(registry.origin, blob)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(registry.requests).toMatchObject([{ status: 200, responseBytes: 4 }]);
});

test("an image can be stored and read without a client", async () => {
  await using registry = await startRegistry();
  const image = await randomImage("seeded");
  expect(await registry.putImage("a/b", image, "v1")).toBe(image.manifest.digest);
  expect(registry.findManifest("a/b", "v1")).toEqual(image.manifest);
  expect(registry.findManifest("a/b", image.manifest.digest)).toEqual(image.manifest);
  for (const [each, content] of image.blobs) {
    expect(await registry.findBlob("a/b", each)).toEqual(Buffer.from(content));
  }
  expect(registry.findManifest("a/b", "v2")).toBeUndefined();
  expect(registry.tags("c/d")).toEqual([]);
});

test.skipIf(opensslProgram === undefined)("the registry can serve HTTPS", async () => {
  const authority = newAuthority(await scratchFolder(), "authority");
  await using registry = await startRegistry({ tls: authority.issue("registry") });
  expect(registry.origin).toMatch(/^https:/);
  const status = await new Promise((resolve, reject) => {
    get(`${registry.origin}/v2/`, { ca: authority.certificate, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
  expect(status).toBe(200);
});
