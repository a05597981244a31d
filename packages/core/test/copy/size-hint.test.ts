import { randomBytes } from "node:crypto";
import zlib from "node:zlib";

import { expect, test } from "vitest";

import { sizeHintOf } from "../../src/copy/size-hint.ts";
import type { Descriptor, ImageSource, SourceOffers } from "../../src/index.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";

const content = Buffer.concat([randomBytes(50_000), Buffer.alloc(100_000)]);
const packed = zlib.gzipSync(content);

async function expected(
  blob: Uint8Array,
  offers: Partial<SourceOffers> = { isLocal: true },
): Promise<number | undefined> {
  const descriptor: Descriptor = {
    digest: digestOf(blob),
    size: blob.byteLength,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  };
  const source: ImageSource = {
    reference: memory().parseReference("image"),
    offers: { parallelBlobs: 1, ranges: true, ...offers },
    getManifest: async () => ({ bytes: new Uint8Array(0) }),
    async *getBlob(_, { range = { start: 0 } } = {}) {
      yield blob.subarray(range.start);
    },
    async [Symbol.asyncDispose]() {},
  };
  return sizeHintOf(descriptor, source, {});
}

test("a gzip file ends with its uncompressed size", async () => {
  expect(await expected(packed)).toBe(content.byteLength);
});

test("a source that is not local, or has no ranges, is not read", async () => {
  expect(await expected(packed, {})).toBeUndefined();
  expect(await expected(packed, { isLocal: false })).toBeUndefined();
  expect(await expected(packed, { isLocal: true, ranges: false })).toBeUndefined();
});

test("a size below the compressed size is ignored, as for several members", async () => {
  const joined = Buffer.concat([packed, zlib.gzipSync("end")]);
  expect(await expected(joined)).toBeUndefined();
  expect(await expected(packed.subarray(0, 3))).toBeUndefined();
});

test("an implausibly large size is ignored", async () => {
  const lie = Buffer.from(packed);
  lie.writeUInt32LE(0xffffffff, lie.byteLength - 4);
  expect(await expected(lie)).toBeUndefined();
});
