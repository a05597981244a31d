import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { memory } from "../../src/memory/index.ts";
import { sampleImage, write } from "../sample-images.ts";

const tar = "application/vnd.oci.image.layer.v1.tar";
const zeros = Buffer.alloc(8 << 20);
const text = Buffer.from(Array.from({ length: 50_000 }, (_, at) => `${at * at} `).join(""));
const middle = (bytes: Buffer): Buffer => {
  const damaged = Buffer.from(bytes);
  const at = damaged.byteLength >> 1;
  return damaged.fill(0xa5, at, at + 64);
};

/** Copies an image with one layer. Returns the code of the error, after which the destination has no image. */
async function failureOf(layer: Uint8Array, options: CopyOptions): Promise<unknown> {
  const from = memory().parseReference("from");
  await write(sampleImage({ layers: [layer], layerType: `${tar}+gzip` }), from);
  const to: ImageReference = memory().parseReference("to");
  const failure = await copyImage(from, to, options).then(
    () => "copied",
    (error: { readonly code?: unknown }) => error.code,
  );
  const remains = await to.newImageSource().then(
    async (source) => {
      await source[Symbol.asyncDispose]();
      return true;
    },
    () => false,
  );
  expect(remains).toBe(failure === "copied");
  return failure;
}

const forced = (format: string): CopyOptions => ({ compression: { format, force: true } });

describe("a layer to be recompressed fails", () => {
  test.each<[string, Uint8Array, string]>([
    ["if it is a bomb of gzip", zlib.gzipSync(zeros), "zstd"],
    ["if it is a bomb of zstd", zlib.zstdCompressSync(zeros), "gzip"],
    ["if it is a bomb to be decompressed", zlib.gzipSync(zeros), "none"],
  ])("%s", async (_, layer, format) => {
    const limited = { ...forced(format), maxLayerSize: 1 << 20 };
    expect(await failureOf(layer, limited)).toBe("unsupported");
    expect(await failureOf(layer, { ...forced(format), maxLayerSize: 9 << 20 })).toBe("copied");
  });

  test.each<[string, Uint8Array, string]>([
    ["if its gzip is cut", zlib.gzipSync(text).subarray(0, -9), "zstd"],
    ["if its zstd is cut", zlib.zstdCompressSync(text).subarray(0, -9), "gzip"],
    ["if its gzip is damaged", middle(zlib.gzipSync(text)), "zstd"],
    ["if a frame of its zstd is damaged", middle(zlib.zstdCompressSync(text)), "gzip"],
    [
      "if its second frame is damaged",
      Buffer.concat([zlib.zstdCompressSync("one"), middle(zlib.zstdCompressSync(text))]),
      "gzip",
    ],
    [
      "if a skippable frame is cut",
      Buffer.concat([zlib.zstdCompressSync(text), Buffer.from("502a4d18ff0000000000", "hex")]),
      "gzip",
    ],
  ])("%s", async (_, layer, format) => {
    expect(await failureOf(layer, forced(format))).toBe("invalid-manifest");
  });

  test("if its window is larger than 128 MiB", async () => {
    const params = {
      [zlib.constants.ZSTD_c_windowLog]: 28,
      [zlib.constants.ZSTD_c_contentSizeFlag]: 0,
    };
    const frame = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const stream = zlib.createZstdCompress({ params });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => resolve(Buffer.concat(chunks)));
      stream.write("a");
      stream.end("b");
    });
    expect(await failureOf(frame, forced("gzip"))).toBe("invalid-manifest");
  });

  test("if it is compressed with xz, and nothing decompresses that", async () => {
    const xz = Buffer.from("fd377a585a000004e6d6b446", "hex");
    expect(await failureOf(xz, forced("gzip"))).toBe("unsupported");
  });
});

test("a layer of skippable frames around others is read to its end", async () => {
  const skippable = Buffer.from("5a2a4d180400000001020304", "hex");
  const layer = Buffer.concat([zlib.zstdCompressSync("a"), skippable, zlib.zstdCompressSync("b")]);
  expect(await failureOf(layer, forced("gzip"))).toBe("copied");
});
