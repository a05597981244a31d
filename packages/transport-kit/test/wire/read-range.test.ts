import { ImageError, Retries } from "@drayage/core";
import type { ByteRange } from "@drayage/core";
import { readRange } from "@drayage/transport-kit/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

import { content, sourceWith } from "./broken-source.ts";

const quickRetries = { initialDelay: 0 };

async function read(
  source: ReturnType<typeof sourceWith>,
  range: ByteRange = { start: 0 },
): Promise<Buffer> {
  const options = { retries: new Retries(quickRetries) };
  return Buffer.concat(await Array.fromAsync(readRange(source, range, options)));
}

test("a range is exact, wherever responses fail, with and without range support", async () => {
  const at = fc.nat(content.byteLength - 1);
  const answers = fc.record({
    breakAfter: fc.array(fc.integer({ min: 1 << 17, max: 1 << 20 }), { maxLength: 3 }),
    supportsRanges: fc.boolean(),
    excess: fc.nat(3),
    chunkSize: fc.integer({ min: 5000, max: 1 << 18 }),
  });
  await fc.assert(
    fc.asyncProperty(at, fc.option(at, { nil: undefined }), answers, async (start, end, given) => {
      const lines = { ...given, breakAfter: [...given.breakAfter, Infinity] };
      const found = await read(sourceWith(lines), { start, end });
      expect(found.equals(content.subarray(start, end === undefined ? end : end + 1))).toBe(true);
    }),
  );
});

test("a range that ends before its start is empty, also if the response has bytes", async () => {
  const source = sourceWith({ excess: 3, chunkSize: 5000 });
  expect(await read(source, { start: 18, end: 16 })).toHaveLength(0);
});

test("no byte is requested twice", async () => {
  const source = sourceWith({ breakAfter: [300_000, 200_000, Infinity] });
  await read(source);
  expect(source.requested.map(({ start }) => start)).toEqual([0, 300_000, 500_000]);
  expect(source.given()).toBe(content.byteLength);
});

test("attempts with progress do not count", async () => {
  const further = sourceWith({ breakAfter: [100_000] });
  expect((await read(further)).equals(content)).toBe(true);
  expect(further.requested).toHaveLength(11);
  const slow = sourceWith({ breakAfter: [10] });
  await expect(read(slow)).rejects.toMatchObject({ code: "unavailable" });
  expect(slow.requested).toHaveLength(5);
});

test("a response that fails after its last byte is complete", async () => {
  const source = sourceWith({ breakAfter: [content.byteLength] });
  expect((await read(source)).equals(content)).toBe(true);
  expect(source.requested).toHaveLength(1);
});

test("a response that ends early is resumed if the size is known, and complete otherwise", async () => {
  const source = (size: number | undefined) => {
    const whole = sourceWith();
    const bytes = content.subarray(0, 600_000);
    return {
      ...whole,
      size,
      open: async (...[range, options]: Parameters<typeof whole.open>) =>
        whole.requested.length === 0
          ? { ...(await whole.open(range, options)), bytes: inOne(bytes), size }
          : whole.open(range, options),
    };
  };
  expect(await read(source(content.byteLength))).toHaveLength(content.byteLength);
  expect(await read(source(undefined))).toHaveLength(600_000);
});

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test("a response with another size is not read", async () => {
  const source = { ...sourceWith(), size: 5 };
  await expect(read(source)).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(source.underWay()).toBe(0);
});

test("an error of a response is retried if errorOf makes it retryable", async () => {
  const source = sourceWith({ breakAfter: [300_000, Infinity] });
  const errorOf = (): ImageError => new ImageError("denied", "for ever");
  await expect(read({ ...source, errorOf })).rejects.toMatchObject({ code: "denied" });
  expect(source.requested).toHaveLength(1);
});

test("leaving closes the response, and an abort ends the read with its reason", async () => {
  const source = sourceWith({ breakAfter: [300_000] });
  for await (const _ of readRange(source, { start: 0 })) break;
  expect(source.underWay()).toBe(0);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const reading = Array.fromAsync(readRange(source, { start: 0 }, { signal }));
  await expect(reading).rejects.toBe(reason);
});
