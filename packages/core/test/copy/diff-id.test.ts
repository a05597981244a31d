import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { DiffIDComputation, diffIDOf } from "../../src/copy/diff-id.ts";
import { digestOf } from "../../src/names/digest.ts";

const content = Buffer.from("layer".repeat(200_000));

async function* chunksOf(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function consume(bytes: AsyncIterable<Uint8Array>, max = Infinity): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) {
    chunks.push(chunk);
    if (chunks.length >= max) break;
  }
  return Buffer.concat(chunks);
}

/** A gzip with a damaged block. */
const damaged = Buffer.concat([gzipSync(content).subarray(0, 50), Buffer.alloc(1000, 0xff)]);

describe("a DiffID that is computed while another reader consumes the layer", () => {
  test.each([
    ["gzip", gzipSync(content)],
    ["none", content],
  ])("is that of the uncompressed layer: %s", async (compression, bytes) => {
    const computation = new DiffIDComputation({});
    expect(await consume(computation.observe(chunksOf(bytes)))).toEqual(Buffer.from(bytes));
    const expected = { digest: digestOf(content), compression };
    expect(await computation.result()).toEqual(expected);
    expect(await diffIDOf(chunksOf(bytes), {})).toEqual(expected);
  });

  test("is undefined if the layer is not read to the end", async () => {
    const computation = new DiffIDComputation({});
    let isClosed = false;
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* chunksOf(gzipSync(content), 10);
      } finally {
        isClosed = true;
      }
    };
    await consume(computation.observe(bytes()), 2);
    expect(isClosed).toBe(true);
    expect(await computation.result()).toBeUndefined();
  });

  test("fails the reader or the result if the layer is damaged", async () => {
    const computation = new DiffIDComputation({ what: "The layer" });
    const observed = async (): Promise<unknown> => {
      await consume(computation.observe(chunksOf(damaged)));
      return computation.result();
    };
    await expect(observed()).rejects.toMatchObject({ code: "invalid-manifest" });
  });

  test("fails with the error of the source", async () => {
    const computation = new DiffIDComputation({});
    const failure = new Error("the connection was closed");
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 10);
      throw failure;
    };
    await expect(consume(computation.observe(bytes()))).rejects.toBe(failure);
    expect(await computation.result()).toBeUndefined();
  });
});
