import { createHash, randomBytes } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { checkSize, verified, VerifiedBlob } from "../../src/content/verified-blob.ts";
import type { ExpectedBytes } from "../../src/content/verified-blob.ts";
import { digestOf } from "../../src/names/digest.ts";
import { isImageError } from "../../src/names/image-error.ts";

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

describe("an interrupted blob", () => {
  test("resumes from any position that was reached, with little overhead", async () => {
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

  test("is still verified if the rest differs", async () => {
    const other = Buffer.from(whole);
    other.writeUInt8(other.readUInt8(19 << 20) ^ 1, 19 << 20);
    const blob = new VerifiedBlob(expected, (start) =>
      inChunks(start === 0 ? whole : other.subarray(start)),
    );
    await readUpTo(blob, 17 << 20);
    await expect(readAll(blob.from(10 << 20))).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  test("cannot resume from a position that was not reached", async () => {
    const blob = new VerifiedBlob(expected, () => inChunks(whole));
    await readUpTo(blob, 1 << 20);
    await expect(readAll(blob.from(10 << 20))).rejects.toThrow(RangeError);
  });

  test("is read again from before the end of each unconfirmed reading", async () => {
    const asked: number[] = [];
    const blob = new VerifiedBlob(expected, (start) => {
      asked.push(start);
      return inChunks(whole.subarray(start));
    });
    await readUpTo(blob, 17 << 20);
    await readUpTo(blob, 9 << 20);
    expect((await readAll(blob.from(17 << 20))).equals(whole.subarray(17 << 20))).toBe(true);
    await readUpTo(blob, 17 << 20);
    expect((await readAll(blob.from(5 << 20))).equals(whole.subarray(5 << 20))).toBe(true);
    expect(asked).toEqual([0, 0, 8 << 20, 0, 0]);
  });

  test("reports each byte once", async () => {
    let reported = 0;
    const read = (start: number): AsyncIterable<Uint8Array> => inChunks(whole.subarray(start));
    const blob = new VerifiedBlob(expected, read, (bytes) => {
      expect(bytes).toBeGreaterThan(0);
      reported += bytes;
    });
    await readUpTo(blob, 17 << 20);
    await readAll(blob.from(5));
    expect(reported).toBe(whole.byteLength);
  });
});

test("the rest is independent of chunk boundaries", async () => {
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

describe("of wrong bytes", () => {
  const content = Buffer.from("abcdef");
  const right = { digest: digestOf(content), size: content.byteLength };
  const other = Buffer.from("abcdeX");

  async function* these(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }

  test.each([
    ["one chunk", [other]],
    ["an empty chunk at the end", [other, Buffer.of()]],
    ["empty chunks everywhere", [Buffer.of(), other, Buffer.of(), Buffer.of()]],
    ["several chunks and an empty one", [other.subarray(0, 3), other.subarray(3), Buffer.of()]],
    ["too many bytes", [content, Buffer.from("g")]],
    ["too many bytes, after an empty chunk", [content, Buffer.of(), Buffer.from("g")]],
    ["all but the last", [content.subarray(0, 5), Buffer.of()]],
    ["no bytes", []],
    ["only an empty chunk", [Buffer.of()]],
  ])("the last are never passed on: %s", async (_, chunks) => {
    for (const expectation of [right, { digest: right.digest }]) {
      const passed: Uint8Array[] = [];
      const read = async (): Promise<void> => {
        for await (const chunk of verified(these(...chunks), expectation)) passed.push(chunk);
      };
      await expect(read()).rejects.toMatchObject({ code: "digest-mismatch" });
      // With an unknown size, all chunks but the last are passed on.
      const { size = Math.max(1, Buffer.concat(chunks).byteLength) } = expectation as ExpectedBytes;
      expect(Buffer.concat(passed).byteLength).toBeLessThan(size);
    }
  });

  test("two readings cannot be combined: the second compares the bytes of the first", async () => {
    const blob = new VerifiedBlob(right, (start) =>
      start === 0 && isFirst ? these(other.subarray(5), other) : these(content.subarray(start)),
    );
    let isFirst = true;
    await readUpTo(blob, 1);
    isFirst = false;
    await expect(readAll(blob.from(1))).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  /** Reads from each start in succession. Each reading finds certain chunks and then fails or ends. */
  async function readInSuccession(
    readings: readonly { start: number; chunks: readonly string[]; breaks?: boolean }[],
    size?: number,
  ): Promise<string> {
    let now: (typeof readings)[number] | undefined;
    const blob = new VerifiedBlob({ digest: right.digest, size }, async function* (start) {
      expect(start).toBe(0);
      for (const chunk of now?.chunks ?? []) yield Buffer.from(chunk);
      if (now?.breaks) throw new Error("broke off");
    });
    let rest = "";
    for (now of readings) {
      const chunks = await Array.fromAsync(blob.from(now.start)).catch((error: unknown) => {
        if (!String(error).includes("broke off")) throw error;
        return [];
      });
      expect(chunks.map(({ byteLength }) => byteLength)).not.toContain(0);
      rest = Buffer.concat(chunks).toString();
    }
    return rest;
  }

  test.each([
    ["from the middle of a chunk", 5, [{ chunks: ["abcde"] }], ["abc", "def"]],
    ["from the end of a chunk", 3, [{ chunks: ["abc"] }], ["abc", "def"]],
    ["which is complete before the interruption", 6, [{ chunks: ["abcdef"] }], ["abcdef"]],
    ["with a shorter second reading", 3, [{ chunks: ["abcde"] }, { chunks: ["abc"] }], ["abcdef"]],
  ])("the right rest is passed on, %s", async (_, start, before, chunks) => {
    for (const size of [undefined, right.size]) {
      const broken = before.map((one) => ({ ...one, start: 0, breaks: true }));
      const rest = await readInSuccession([...broken, { start, chunks }], size);
      expect(rest).toBe("abcdef".slice(start));
    }
  });

  test.each([
    ["was longer than the blob", 6, [{ chunks: ["abcdefg"] }], ["abcdef"]],
    ["differed at its end", 3, [{ chunks: ["abX"] }], ["abc", "def"]],
    [
      "was another, and a shorter one was not",
      3,
      [{ chunks: ["abcdX"] }, { chunks: ["abc"] }],
      ["abc", "def"],
    ],
  ])("nothing is passed on if an earlier reading %s", async (_, start, before, chunks) => {
    const broken = before.map((one) => ({ ...one, start: 0, breaks: true }));
    await expect(readInSuccession([...broken, { start, chunks }])).rejects.toMatchObject({
      code: "digest-mismatch",
    });
  });

  test("no wrong byte is passed on, for any chunks and interruptions", async () => {
    const letters = fc.uint8Array({ minLength: 1, maxLength: 40, max: 3 });
    const reading = fc.record({
      /** The changed byte that this reading finds, and its position. */
      change: fc.option(fc.record({ at: fc.nat(39), to: fc.nat(3) })),
      cuts: fc.array(fc.nat(8), { maxLength: 12 }),
      breaksAt: fc.nat(60),
      /** How many bytes before the reached position the next reading starts. */
      back: fc.nat(3),
    });
    const readings = fc.array(reading, { minLength: 1, maxLength: 6 });
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(
        letters,
        readings,
        fc.boolean(),
        fc.boolean(),
        async (bytes, attempts, isSizeKnown, reuseBuffers) => {
          const small = Buffer.from(bytes);
          const size = isSizeKnown ? small.byteLength : undefined;
          let now = attempts[0];
          const blob = new VerifiedBlob({ digest: digestOf(small), size }, (start, options) =>
            unreliable(small, start, now, options.reuseBuffers === true),
          );
          const received = Buffer.alloc(small.byteLength);
          let at = 0;
          for (now of attempts) {
            at = Math.max(0, at - (now?.back ?? 0));
            try {
              for await (const chunk of blob.from(at, { reuseBuffers })) {
                received.set(chunk, at);
                at += chunk.byteLength;
              }
            } catch (error) {
              const tried = attempts.slice(0, attempts.indexOf(now) + 1);
              const isChanged = tried.some(({ change }) => change !== null);
              if (isChanged && isImageError(error, "digest-mismatch")) return;
              if (!String(error).includes("broke off")) throw error;
              continue;
            }
            ended++;
            expect(received.equals(small) && at === small.byteLength).toBe(true);
            return;
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(ended).toBeGreaterThan(100);
  });

  /** The content from a position, in chunks of these sizes, with one changed byte, up to the interruption. */
  async function* unreliable(
    small: Uint8Array,
    start: number,
    how:
      | { change: { at: number; to: number } | null; cuts: readonly number[]; breaksAt: number }
      | undefined,
    reusesBuffer: boolean,
  ): AsyncGenerator<Uint8Array> {
    const found = Buffer.from(small);
    const { change = null, cuts = [], breaksAt = 60 } = how ?? {};
    if (change !== null && change.at < found.byteLength) found[change.at] = change.to;
    const memory = new Uint8Array(64);
    let at = start;
    for (const cut of [...cuts, 60]) {
      const end = Math.min(at + cut, found.byteLength, Math.max(at, breaksAt));
      const chunk = reusesBuffer ? memory.subarray(0, end - at) : new Uint8Array(end - at);
      chunk.set(found.subarray(at, end));
      yield chunk;
      memory.fill(9);
      at = end;
      if (at >= breaksAt && at < found.byteLength) throw new Error("broke off");
    }
  }
});

describe("reused buffers", () => {
  const small = randomBytes(10_000);

  /** All chunks in one buffer. */
  async function* reusingBuffer(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
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
          reusingBuffer(small.subarray(start), size),
        );
        for (const start of [0, 1, 5000, 9999]) {
          const found = createHash("sha256");
          for await (const chunk of blob.from(start, { reuseBuffers: true })) found.update(chunk);
          const rest = small.subarray(start);
          expect(found.digest("hex")).toBe(createHash("sha256").update(rest).digest("hex"));
        }
      }
    },
  );

  test("are all passed on except the last if they are wrong", async () => {
    const blob = new VerifiedBlob(
      { digest: digestOf(randomBytes(1)), size: small.byteLength },
      () => reusingBuffer(small, 4000),
    );
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of blob.from(0, { reuseBuffers: true })) seen += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(seen).toBe(8000);
  });
});

test("the size of a manifest must match its index, if specified there", () => {
  expect(() => checkSize(expected.digest, 7, 7)).not.toThrow();
  expect(() => checkSize(expected.digest, 7, undefined)).not.toThrow();
  expect(() => checkSize(expected.digest, 7, 8)).toThrow(
    expect.objectContaining({ code: "digest-mismatch" }) as Error,
  );
});
