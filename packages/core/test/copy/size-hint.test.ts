import { randomBytes } from "node:crypto";
import zlib from "node:zlib";

import { expect, test } from "vitest";

import { sizeHintOf } from "../../src/copy/size-hint.ts";
import type { BlobLocation, Descriptor, ImageSource } from "../../src/index.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";

const content = Buffer.concat([randomBytes(50_000), Buffer.alloc(100_000)]);
const packed = zlib.gzipSync(content);

async function expected(blob: Uint8Array, location?: BlobLocation): Promise<number | undefined> {
  const descriptor: Descriptor = {
    digest: digestOf(blob),
    size: blob.byteLength,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  };
  const source: ImageSource = {
    reference: memory().parseReference("image"),
    offers: { parallelBlobs: 1, ranges: true },
    getManifest: async () => ({ bytes: new Uint8Array(0) }),
    async *getBlob(_, { range = { start: 0 } } = {}) {
      yield blob.subarray(range.start);
    },
    locateBlob: () => location,
    async [Symbol.asyncDispose]() {},
  };
  return sizeHintOf(descriptor, source, {});
}

const file: BlobLocation = { kind: "file", path: "/layer" };

test("a file of gzip says at its end what comes out of it", async () => {
  expect(await expected(packed, file)).toBe(content.byteLength);
});

test("nobody is asked over a network", async () => {
  expect(await expected(packed)).toBeUndefined();
  expect(
    await expected(packed, {
      kind: "registry",
      origin: "https://example.com",
      repository: "image",
    }),
  ).toBeUndefined();
});

test("less than there is packed is not believed, as where files were joined", async () => {
  const joined = Buffer.concat([packed, zlib.gzipSync("end")]);
  expect(await expected(joined, file)).toBeUndefined();
  expect(await expected(packed.subarray(0, 3), file)).toBeUndefined();
});

test("nor is much more than what is packed usually has", async () => {
  const lie = Buffer.from(packed);
  lie.writeUInt32LE(0xffffffff, lie.byteLength - 4);
  expect(await expected(lie, file)).toBeUndefined();
});
