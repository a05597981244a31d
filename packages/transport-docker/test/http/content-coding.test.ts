import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";

import { describe, expect, test } from "vitest";

import { HTTPClient } from "../../src/http/http-client.ts";
import { textOf } from "../../src/http/http-exchange.ts";
import type { ExpectedBody } from "../../src/http/http-exchange.ts";
import { startServer } from "../recording-server.ts";

const json = Buffer.from('{"tags":["1"]}');
const tar = Buffer.alloc(5000, "a file in a tar ");
const layer = gzipSync(tar);

/** Reads a body with this content encoding. */
async function read(
  body: Uint8Array,
  coding: string,
  more: { expected?: ExpectedBody; isChunked?: boolean; limit?: number } = {},
): Promise<Buffer> {
  const { expected, isChunked = false, limit = 1 << 20 } = more;
  await using server = await startServer((_, response) => {
    response.setHeader("content-encoding", coding);
    if (isChunked) {
      response.write(body.subarray(0, 7));
      response.end(body.subarray(7));
    } else response.end(body);
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const url = new URL(server.origin);
  const response = await client.send({ method: "GET", url, headers: {}, expected });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.bytes) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) throw new RangeError("too much");
  }
  return Buffer.concat(chunks);
}

describe("a text", () => {
  test.each([
    ["gzip", gzipSync(json)],
    ["X-GZip", gzipSync(json)],
    ["deflate", deflateSync(json)],
    ["deflate", deflateRawSync(json)],
    ["identity, gzip", gzipSync(json)],
    ["identity", json],
    ["", json],
    ["gzip", json],
    ["br", json],
    ["deflate", json],
  ])("in the coding %j is decoded", async (coding, body) => {
    expect(await read(body, coding)).toEqual(json);
    expect(await read(body, coding, { isChunked: true })).toEqual(json);
  });

  test.each([
    ["br", brotliCompressSync(json)],
    ["zstd", zstdCompressSync(json)],
    ["gzip, gzip", gzipSync(gzipSync(json))],
  ])("in the unsupported coding %j is an error that names it", async (coding, body) => {
    await expect(read(body, coding)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(coding) as string,
    });
  });

  test("that is truncated is a temporary error", async () => {
    await expect(read(gzipSync(json).subarray(0, -9), "gzip")).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });

  test("with unlimited output is read only as far as necessary", async () => {
    const bomb = gzipSync(Buffer.alloc(256 << 20));
    await expect(read(bomb, "gzip", { limit: 1 << 20 })).rejects.toThrow("too much");
  });
});

const gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
const plainLayer = "application/vnd.oci.image.layer.v1.tar";

describe("a layer with the content encoding gzip", () => {
  test.each<[string, Uint8Array, ExpectedBody, Uint8Array]>([
    ["is unchanged if it has its size", layer, { size: layer.byteLength }, layer],
    ["is unchanged if its type is gzip", layer, { mediaType: gzipLayer }, layer],
    ["is unchanged if its type is unknown", layer, {}, layer],
    ["is decoded if it is compressed twice", gzipSync(layer), { size: layer.byteLength }, layer],
    [
      "is decoded if it is compressed twice, without a size",
      gzipSync(layer),
      { mediaType: gzipLayer },
      layer,
    ],
    ["is decoded, with its size", layer, { size: tar.byteLength, mediaType: plainLayer }, tar],
    ["is decoded, with its type", layer, { mediaType: plainLayer }, tar],
    ["is unchanged if it is not compressed", tar, { size: tar.byteLength }, tar],
    ["is unchanged if it is not compressed, without a size", tar, { mediaType: plainLayer }, tar],
  ])("%s", async (_, body, expected, content) => {
    expect(await read(body, "gzip", { expected })).toEqual(Buffer.from(content));
    expect(await read(body, "gzip", { expected, isChunked: true })).toEqual(Buffer.from(content));
  });
});

test("requests accept no encoding", async () => {
  const seen: unknown[] = [];
  await using server = await startServer(({ headers }, response) => {
    seen.push(headers["accept-encoding"]);
    response.end();
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const url = new URL(server.origin);
  await textOf(await client.send({ method: "GET", url, headers: {} }), 10);
  expect(seen).toEqual(["identity"]);
});

test("the size in a compressed response to HEAD is ignored", async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-length": "10" }).end();
  });
  const client = new HTTPClient({});
  await using _ = client.use();
  const url = new URL(server.origin);
  const response = await client.send({ method: "HEAD", url, headers: {} });
  await response.discard();
  expect(response.headers["content-length"]).toBeUndefined();
});
