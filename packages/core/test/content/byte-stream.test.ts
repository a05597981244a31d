import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readAll, readStart, sliced } from "../../src/content/byte-stream.ts";
import { verified } from "../../src/content/verified-blob.ts";
import { digestOf } from "../../src/names/digest.ts";

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(bytes: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<Buffer> {
  for await (const chunk of bytes) into.push(chunk);
  return Buffer.concat(into);
}

describe("a verified stream", () => {
  test("yields the same bytes, however they are split into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const expected = { digest: digestOf(whole), size: whole.byteLength };
        expect(await collect(verified(streamOf(...chunks), expected), [])).toEqual(whole);
      }),
    );
  });

  test("never yields the last chunk if any byte is wrong", async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.nat(), async (parts, position) => {
        const whole = Buffer.concat(parts);
        const expected = { digest: digestOf(whole), size: whole.byteLength };
        let left = position % whole.byteLength;
        const falsified = parts.map((part) => {
          const copy = Uint8Array.from(part);
          if (left >= 0 && left < copy.byteLength) copy[left] = (copy[left] ?? 0) ^ 1;
          left -= copy.byteLength;
          return copy;
        });
        const read: Uint8Array[] = [];
        const attempt = collect(verified(streamOf(...falsified), expected), read);
        await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
        expect(Buffer.concat(read).byteLength).toBeLessThan(whole.byteLength);
      }),
    );
  });

  test("fails for too few bytes, and for too many as soon as they arrive", async () => {
    const bytes = Buffer.from("twelve bytes");
    const digest = digestOf(bytes);
    for (const size of [11, 13]) {
      const attempt = collect(verified(streamOf(bytes), { digest, size }), []);
      await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    }
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked++;
        yield bytes;
      }
    }
    const attempt = collect(verified(endless(), { digest, size: 100 }), []);
    await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(asked).toBe(9);
  });

  test("opens its source on the first pull, and closes it when the loop ends early", async () => {
    const events: string[] = [];
    async function* source(): AsyncGenerator<Uint8Array> {
      events.push("opened");
      try {
        yield Buffer.from("a");
        yield Buffer.from("b");
        yield Buffer.from("c");
      } finally {
        events.push("closed");
      }
    }
    const stream = verified(source(), { digest: digestOf(Buffer.from("abc")) });
    expect(events).toEqual([]);
    for await (const chunk of stream) {
      expect(Buffer.from(chunk).toString()).toBe("a");
      break;
    }
    expect(events).toEqual(["opened", "closed"]);
  });
});

test.each([
  [{ start: 0 }, "abcde"],
  [{ start: 2 }, "cde"],
  [{ start: 3 }, "de"],
  [{ start: 5 }, ""],
  [{ start: 0, end: 0 }, "a"],
  [{ start: 1, end: 3 }, "bcd"],
  [{ start: 0, end: 2 }, "abc"],
  [{ start: 4, end: 9 }, "e"],
])("the range %j of a stream", async (range, expected) => {
  const chunks = [Buffer.from("abc"), Buffer.from(""), Buffer.from("de")];
  expect((await collect(sliced(streamOf(...chunks), range), [])).toString()).toBe(expected);
});

test("bytes after a range are not read", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    throw new Error("Read on");
  }
  expect((await collect(sliced(endless(), { start: 1, end: 2 }), [])).toString()).toBe("bc");
});

test("reading a whole stream is limited", async () => {
  const chunks = [Buffer.from("abc"), Buffer.from("def")];
  expect(Buffer.from(await readAll(streamOf(...chunks), 6)).toString()).toBe("abcdef");
  await expect(readAll(streamOf(...chunks), 5)).rejects.toMatchObject({
    code: "invalid-manifest",
  });
});

test("reading the start of a stream reads no more", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    yield Buffer.from("def");
    throw new Error("Read on");
  }
  expect(Buffer.from(await readStart(broken(), 5)).toString()).toBe("abcde");
  expect(Buffer.from(await readStart(streamOf(), 5)).toString()).toBe("");
});

test("reading single-byte chunks needs memory for the bytes alone", async () => {
  const count = 1 << 20;
  async function* single(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < count; at++) yield Uint8Array.of(at & 0xff);
  }
  const whole = await readAll(single(), count);
  expect(whole.byteLength).toBe(count);
  expect(whole.buffer.byteLength).toBeLessThanOrEqual(4 * count);
  expect(whole.every((byte, at) => byte === (at & 0xff))).toBe(true);
});

test("reading a whole stream does not change its chunks", async () => {
  const memory = Buffer.from("abc---");
  const whole = await readAll(streamOf(memory.subarray(0, 3), Buffer.from("def")), 10);
  expect(Buffer.from(whole).toString()).toBe("abcdef");
  expect(memory.toString()).toBe("abc---");
});
