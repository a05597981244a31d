import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { compressionOf } from "@drayage/core/content";
import fc from "fast-check";
import { expect, test } from "vitest";

import { SeededRandom } from "../../src/random/seeded-random.ts";
import { storedEncoding } from "../../src/random/stored-encoding.ts";

/** Sizes: zero, one, around a gzip block, around a zstd block, and several blocks. */
const lengths = fc.constantFrom(0, 1, 65_534, 65_535, 65_536, 131_071, 131_072, 131_073, 400_000);

test("decompressing gzip and zstd returns the original bytes", () => {
  fc.assert(
    fc.property(fc.string(), lengths, (seed, length) => {
      const bytes = Buffer.from(new SeededRandom(seed).bytes(length));
      expect(gunzipSync(storedEncoding(bytes, "gzip")).equals(bytes)).toBe(true);
      expect(zstdDecompressSync(storedEncoding(bytes, "zstd")).equals(bytes)).toBe(true);
    }),
  );
});

test("each format has its magic number, and none leaves the bytes unchanged", () => {
  const bytes = Buffer.from("some bytes");
  for (const compression of ["gzip", "zstd", "none"] as const) {
    expect(compressionOf(storedEncoding(bytes, compression))).toBe(compression);
  }
  expect(storedEncoding(bytes, "none")).toBe(bytes);
});
