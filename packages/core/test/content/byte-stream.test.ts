import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { gathered, gatheredStart, ranged } from "../../src/content/byte-stream.ts";
import { verified } from "../../src/content/verified-blob.ts";
import { digestOf } from "../../src/names/digest.ts";

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function readAll(bytes: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<Buffer> {
  for await (const chunk of bytes) into.push(chunk);
  return Buffer.concat(into);
}

describe("a verified stream", () => {
  test("gives the same bytes, however they are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const expected = { digest: digestOf(whole), size: whole.byteLength };
        expect(await readAll(verified(streamOf(...chunks), expected), [])).toEqual(whole);
      }),
    );
  });

  test("never gives the end of bytes that are false in any place", async () => {
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
        const attempt = readAll(verified(streamOf(...falsified), expected), read);
        await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
        expect(Buffer.concat(read).byteLength).toBeLessThan(whole.byteLength);
      }),
    );
  });

  test("fails for fewer bytes, and for more as soon as they come", async () => {
    const bytes = Buffer.from("twelve bytes");
    const digest = digestOf(bytes);
    for (const size of [11, 13]) {
      const attempt = readAll(verified(streamOf(bytes), { digest, size }), []);
      await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    }
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked++;
        yield bytes;
      }
    }
    const attempt = readAll(verified(endless(), { digest, size: 100 }), []);
    await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(asked).toBe(9);
  });

  test("does not ask for bytes before it is read, and closes its source when it is left", async () => {
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
  expect((await readAll(ranged(streamOf(...chunks), range), [])).toString()).toBe(expected);
});

test("what comes after a range is not read", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    throw new Error("Read on");
  }
  expect((await readAll(ranged(endless(), { start: 1, end: 2 }), [])).toString()).toBe("bc");
});

test("what is gathered is bounded", async () => {
  const chunks = [Buffer.from("abc"), Buffer.from("def")];
  expect(Buffer.from(await gathered(streamOf(...chunks), 6)).toString()).toBe("abcdef");
  await expect(gathered(streamOf(...chunks), 5)).rejects.toMatchObject({
    code: "invalid-manifest",
  });
});

test("the start of a stream is gathered, and no more is read", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("abc");
    yield Buffer.from("def");
    throw new Error("Read on");
  }
  expect(Buffer.from(await gatheredStart(broken(), 5)).toString()).toBe("abcde");
  expect(Buffer.from(await gatheredStart(streamOf(), 5)).toString()).toBe("");
});

test("what is gathered out of single bytes needs memory for the bytes alone", async () => {
  const count = 1 << 20;
  async function* single(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < count; at++) yield Uint8Array.of(at & 0xff);
  }
  const whole = await gathered(single(), count);
  expect(whole.byteLength).toBe(count);
  expect(whole.buffer.byteLength).toBeLessThanOrEqual(4 * count);
  expect(whole.every((byte, at) => byte === (at & 0xff))).toBe(true);
});

test("what is gathered does not change the chunks that it came in", async () => {
  const memory = Buffer.from("abc---");
  const whole = await gathered(streamOf(memory.subarray(0, 3), Buffer.from("def")), 10);
  expect(Buffer.from(whole).toString()).toBe("abcdef");
  expect(memory.toString()).toBe("abc---");
});
