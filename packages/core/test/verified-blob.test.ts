import { createHash, randomBytes } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { digestOf } from "../src/digest.ts";
import { VerifiedBlob } from "../src/verified-blob.ts";

const whole = randomBytes(20 << 20);
const expected = { digest: digestOf(whole), size: whole.byteLength };

async function* inChunks(bytes: Uint8Array, size = 1 << 20): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readUpTo(blob: VerifiedBlob, length: number): Promise<void> {
  let seen = 0;
  for await (const chunk of blob.from(0)) {
    seen += chunk.byteLength;
    if (seen >= length) return;
  }
}

describe("a blob that broke off", () => {
  test("goes on from any place that was reached, and asks for little before it", async () => {
    const asked: number[] = [];
    const blob = new VerifiedBlob(expected, (start) => {
      asked.push(start);
      return inChunks(whole.subarray(start));
    });
    await readUpTo(blob, 17 << 20);
    for (const start of [16 << 20, 12_345_678, 3, 0]) {
      expect((await readAll(blob.from(start))).equals(whole.subarray(start))).toBe(true);
    }
    expect(asked).toEqual([0, 16 << 20, 8 << 20, 0, 0]);
  });

  test("is still found out where the rest is another", async () => {
    const other = Buffer.from(whole);
    other.writeUInt8(other.readUInt8(19 << 20) ^ 1, 19 << 20);
    const blob = new VerifiedBlob(expected, (start) =>
      inChunks(start === 0 ? whole : other.subarray(start)),
    );
    await readUpTo(blob, 17 << 20);
    await expect(readAll(blob.from(10 << 20))).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  test("cannot go on from where nothing was read", async () => {
    const blob = new VerifiedBlob(expected, () => inChunks(whole));
    await readUpTo(blob, 1 << 20);
    await expect(readAll(blob.from(10 << 20))).rejects.toThrow(RangeError);
  });

  test("tells of each byte once", async () => {
    let told = 0;
    const read = (start: number): AsyncIterable<Uint8Array> => inChunks(whole.subarray(start));
    const blob = new VerifiedBlob(expected, read, (bytes) => (told += bytes));
    await readUpTo(blob, 17 << 20);
    await readAll(blob.from(5));
    expect(told).toBe(whole.byteLength);
  });
});

test("whatever the chunks, the rest is the rest", async () => {
  const small = randomBytes(1000);
  await fc.assert(
    fc.asyncProperty(fc.nat(999), fc.integer({ min: 1, max: 1000 }), async (start, size) => {
      const blob = new VerifiedBlob({ digest: digestOf(small) }, (at) =>
        inChunks(small.subarray(at), size),
      );
      await readAll(blob.from(0));
      expect((await readAll(blob.from(start))).equals(small.subarray(start))).toBe(true);
    }),
  );
});

describe("lent chunks", () => {
  const small = randomBytes(10_000);

  /** All in one piece of memory. */
  async function* lent(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    const memory = new Uint8Array(size);
    for await (const chunk of inChunks(bytes, size)) {
      memory.set(chunk);
      yield memory.subarray(0, chunk.byteLength);
      memory.fill(0);
    }
  }

  test.each([1, 3333, 5000, 9999, 10_000, 20_000])(
    "of %i bytes are passed on before the next is asked for",
    async (size) => {
      for (const known of [undefined, small.byteLength]) {
        const blob = new VerifiedBlob({ digest: digestOf(small), size: known }, (start) =>
          lent(small.subarray(start), size),
        );
        for (const start of [0, 1, 5000, 9999]) {
          const found = createHash("sha256");
          for await (const chunk of blob.from(start, { lentChunks: true })) found.update(chunk);
          const rest = small.subarray(start);
          expect(found.digest("hex")).toBe(createHash("sha256").update(rest).digest("hex"));
        }
      }
    },
  );

  test("are all but the last passed on where they turn out to be false", async () => {
    const blob = new VerifiedBlob(
      { digest: digestOf(randomBytes(1)), size: small.byteLength },
      () => lent(small, 4000),
    );
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of blob.from(0, { lentChunks: true })) seen += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(seen).toBe(8000);
  });
});
