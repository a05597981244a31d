import { copyImage, digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { startRegistry } from "@drayage/registry";
import type { RegistrySettings } from "@drayage/registry";
import { randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { findForeignLayer } from "../../src/blobs/foreign-layer.ts";
import { HTTPClient } from "../../src/http/http-client.ts";
import { docker } from "../../src/index.ts";
import { Registry } from "../../src/registry/registry.ts";
import { startServer } from "../recording-server.ts";

const blob = Buffer.from("0123456789");
const digest = digestOf(blob);

/** Reads a range of a blob of ten digits. */
async function read(
  settings: RegistrySettings,
  range?: { start: number; end?: number },
  size?: number,
): Promise<string> {
  await using registry = await startRegistry(settings);
  await registry.putBlob("a", blob);
  const reference = docker().parseReference(`//${registry.host}/a:1`);
  await using source = await reference.newImageSource();
  const chunks = await Array.fromAsync(source.getBlob({ digest, size }, { range }));
  return Buffer.concat(chunks).toString();
}

/** Settings of a registry with this response to range requests. */
function respondingWith(status: number, body: string, headers = {}): RegistrySettings {
  return {
    intercept: ({ path }) => (path.includes("/blobs/") ? { status, headers, body } : undefined),
  };
}

test.each([
  [{ start: 2, end: 4 }, "234"],
  [{ start: 7 }, "789"],
  [{ start: 0 }, "0123456789"],
  [{ start: 8, end: 100 }, "89"],
])("the range %o is %s, with and without range support in the registry", async (range, part) => {
  expect(await read({}, range)).toBe(part);
  expect(await read({}, range, 10)).toBe(part);
  expect(await read(respondingWith(200, "0123456789"), range)).toBe(part);
});

describe("a wrong response is rejected before its body is read:", () => {
  test.each([
    ["another length", respondingWith(200, "012345678"), undefined],
    [
      "another range",
      respondingWith(206, "345", { "Content-Range": "bytes 3-5/10" }),
      { start: 2, end: 4 },
    ],
    [
      "a range that is too short",
      respondingWith(206, "23", { "Content-Range": "bytes 2-3/10" }),
      { start: 2, end: 4 },
    ],
    [
      "a range of a larger blob",
      respondingWith(206, "234", { "Content-Range": "bytes 2-4/11" }),
      { start: 2, end: 4 },
    ],
    ["a 206 without Content-Range", respondingWith(206, "234"), { start: 2, end: 4 }],
    [
      "a range of a blob that was requested completely",
      respondingWith(206, "234", { "Content-Range": "bytes 2-4/10" }),
      undefined,
    ],
  ])("%s", async (_, settings, range) => {
    await expect(read(settings, range, 10)).rejects.toMatchObject({ code: "digest-mismatch" });
  });
});

test("a range of unknown total size is accepted", async () => {
  const part = respondingWith(206, "234", { "Content-Range": "bytes 2-4/*" });
  expect(await read(part, { start: 2, end: 4 })).toBe("234");
});

test("a wrong Docker-Content-Digest is rejected", async () => {
  const image = await randomImage("false digest");
  const wrongDigest = digestOf(Buffer.from("something else"));
  await using server = await startServer((_, response) => {
    response.setHeader("content-type", image.manifest.mediaType);
    response.setHeader("docker-content-digest", wrongDigest).end(image.manifest.bytes);
  });
  const copy = copyImage(
    docker().parseReference(`//${server.host}/a:1`),
    memory().parseReference("a"),
  );
  await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("an endless manifest is rejected", async () => {
  await using server = await startServer((_, response) => {
    response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json");
    response.end(Buffer.alloc(5_000_000, " "));
  });
  await using source = await docker().parseReference(`//${server.host}/a:1`).newImageSource();
  await expect(source.getManifest()).rejects.toMatchObject({ code: "invalid-manifest" });
});

test("a manifest of schema 1 with invalid signatures is rejected", async () => {
  await using server = await startServer((_, response) => {
    response.setHeader("content-type", "application/vnd.docker.distribution.manifest.v1+prettyjws");
    response.setHeader("docker-content-digest", digest);
    response.end('{"schemaVersion":1,"signatures":[{}],"fsLayers":[]}');
  });
  const copy = copyImage(
    docker().parseReference(`//${server.host}/a:1`),
    memory().parseReference("a"),
  );
  await expect(copy).rejects.toMatchObject({ code: "invalid-manifest" });
});

test("a reference with tag and digest is read by digest", async () => {
  const [image, other] = [await randomImage("pinned"), await randomImage("other")];
  await using registry = await startRegistry();
  await registry.putImage("a", image, "old");
  await registry.putImage("a", other, "1");
  const name = `//${registry.host}/a:1@${image.manifest.digest}`;
  await using source = await docker().parseReference(name).newImageSource();
  expect((await source.getManifest()).digest).toBe(image.manifest.digest);
});

describe("a foreign layer", () => {
  async function readForeign(urls: readonly string[], known: Digest = digest): Promise<string> {
    await using registry = await startRegistry();
    const reference = docker().parseReference(`//${registry.host}/a:1`);
    await using source = await reference.newImageSource();
    const chunks = await Array.fromAsync(source.getBlob({ digest: known, size: 10, urls }));
    return Buffer.concat(chunks).toString();
  }

  test("is read from its first URL that has it", async () => {
    await using server = await startServer(({ url }, response) => {
      response.writeHead(url === "/there" ? 200 : 404).end(url === "/there" ? blob : "");
    });
    const urls = [
      "mailto:x@example.com",
      "not a URL",
      `${server.origin}/gone`,
      `${server.origin}/there`,
    ];
    expect(await readForeign(urls)).toBe("0123456789");
  });

  test("without a working URL is not found", async () => {
    await expect(readForeign(["ftp://example.com/x"])).rejects.toMatchObject({ code: "not-found" });
  });

  test("of a public registry is not requested from this machine", async () => {
    await using server = await startServer((_, response) => response.end(blob));

    const registry = new Registry({ host: "registry.example.com" }, new HTTPClient({}), {});
    const request = { headers: {}, signal: undefined };
    expect(await findForeignLayer(registry, [server.origin], request)).toBeUndefined();
    expect(server.requests).toEqual([]);
  });
});
