import { setTimeout as delay } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { ImageDestination } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import { openImage } from "../../src/image/image.ts";
import { memory } from "../../src/memory/index.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const large = new Uint8Array(3 << 20).map((_, index) => (index * 7919) >> 5);
const image = sampleImage({ layers: ["small", large] });

/** A source on another machine, and how often each blob and manifest was read. */
async function remote(
  sample: SampleImage,
  { chunkSize = 64 << 10, ranges = true }: { chunkSize?: number; ranges?: boolean } = {},
): Promise<{ from: ImageReference; reads: Map<string, number>; manifests: () => number }> {
  const stored = memory().parseReference("source");
  await write(sample, stored);
  const reads = new Map<string, number>();
  let manifests = 0;
  const from = altered(stored, {
    source: (real) => ({
      offers: { ...real.offers, isLocal: false, ranges },
      getManifest: async (...args) => {
        manifests++;
        return real.getManifest(...args);
      },
      async *getBlob(blob, options) {
        const digest = blob.digest ?? "";
        reads.set(digest, (reads.get(digest) ?? 0) + 1);
        for await (const chunk of real.getBlob(blob, options)) {
          for (let at = 0; at < chunk.byteLength; at += chunkSize) {
            await delay(0, undefined, { signal: options?.signal });
            yield chunk.subarray(at, at + chunkSize);
          }
        }
      },
    }),
  });
  return { from, reads, manifests: () => manifests };
}

const destination = (name: string): ImageReference => memory().parseReference(name);

/** A destination that treats the bytes of large blobs in its own way. */
function receiving(
  name: string,
  putBlob: (
    bytes: AsyncIterable<Uint8Array>,
    real: () => ReturnType<ImageDestination["putBlob"]>,
  ) => ReturnType<ImageDestination["putBlob"]>,
): ImageReference {
  return altered(destination(name), {
    destination: (real) => ({
      putBlob: async (bytes, blob, options) =>
        (blob.size ?? 0) < 1 << 20
          ? real.putBlob(bytes, blob, options)
          : putBlob(bytes, async () => real.putBlob(bytes, blob, options)),
    }),
  });
}

async function isWhole(reference: ImageReference, sample: SampleImage): Promise<void> {
  await using copy = await openImage(reference);
  expect(Buffer.from(copy.manifest.bytes)).toEqual(sample.manifest.bytes);
}

describe("a copy to several destinations", () => {
  test("reads each blob and each manifest once", async () => {
    const { from, reads, manifests } = await remote(image);
    const to = ["one", "two", "three"].map(destination);
    const results = await copyImage(from, to);
    expect(results.map(({ result }) => result?.digest)).toEqual(
      Array(3).fill(image.manifest.digest),
    );
    expect([...reads.values()]).toEqual([1, 1, 1]);
    expect(manifests()).toBe(1);
    for (const reference of to) await isWhole(reference, image);
  });

  test("reads the shared layers of an index once", async () => {
    const platforms = ["amd64", "arm64", "s390x"].map((architecture) =>
      sampleImage({ layers: ["shared", architecture], platform: { os: "linux", architecture } }),
    );
    const { from, reads } = await remote(sampleIndex(platforms));
    const results = await copyImage(from, [destination("one"), destination("two")], {
      instances: "all",
    });
    expect(results.every(({ error }) => error === undefined)).toBe(true);
    expect(new Set(reads.values())).toEqual(new Set([1]));
  });

  test("a destination that fails does not stop the others", async () => {
    const { from, reads } = await remote(image);
    const failing = receiving("failing", async (bytes) => {
      for await (const chunk of bytes) {
        if (chunk.byteLength > 0) throw new ImageError("denied", "no space in this registry");
      }
      throw new Error("not reached");
    });
    const to = [destination("one"), failing, destination("two")];
    const [one, failed, two] = await copyImage(from, to);
    expect(failed).toMatchObject({ destination: failing, error: { code: "denied" } });
    expect([one?.error, two?.error]).toEqual([undefined, undefined]);
    expect([...reads.values()]).toEqual([1, 1, 1]);
    await isWhole(to[0] ?? failing, image);
  });

  test("a blocked destination does not stop the others", async () => {
    const { from, reads } = await remote(image);
    const release = Promise.withResolvers<void>();
    const blocked = receiving("blocked", async (_, real) => {
      await release.promise;
      return real();
    });
    const done: string[] = [];
    const copying = copyImage(from, [blocked, destination("fast")], {
      onEvent: ({ kind }, { stringWithinTransport }) => {
        if (kind !== "done") return;
        done.push(stringWithinTransport);
        release.resolve();
      },
    });
    expect((await copying).map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(done).toEqual(["fast", "blocked"]);
    expect([...reads.values()]).toEqual([1, 1, 1]);
  });

  test("a blob that does not fit into the temporary files is read once for each copy", async () => {
    const { from, reads } = await remote(image);
    const to = [destination("one"), destination("two")];
    await copyImage(from, to, { spoolLimit: 1 << 20 });
    const counts = [...image.blobs].map(([digest, bytes]) => [
      bytes.byteLength > 1 << 20,
      reads.get(digest),
    ]);
    expect(new Map(counts as [boolean, number][])).toEqual(
      new Map([
        [false, 1],
        [true, 2],
      ]),
    );
    for (const reference of to) await isWhole(reference, image);
  });

  test.each([true, false])("damaged bytes reach no destination (ranges: %s)", async (ranges) => {
    const { from } = await remote(image, { ranges });
    const damaged = altered(from, {
      source: (real) => ({
        async *getBlob(blob, options) {
          for await (const chunk of real.getBlob(blob, options))
            yield chunk.map((byte) => byte ^ 1);
        },
      }),
    });
    const results = await copyImage(damaged, [destination("one"), destination("two")]);
    expect(results.map(({ error }) => error?.code)).toEqual(["digest-mismatch", "digest-mismatch"]);
  });

  test("a source that breaks off once is read again", async () => {
    const { from } = await remote(image);
    let failures = 0;
    const broken = altered(from, {
      source: (real) => ({
        async *getBlob(blob, options) {
          let at = 0;
          for await (const chunk of real.getBlob(blob, options)) {
            if (at > 1 << 20 && failures++ === 0) throw new ImageError("unavailable", "cut off");
            at += chunk.byteLength;
            yield chunk;
          }
        },
      }),
    });
    const to = [destination("one"), destination("two")];
    const results = await copyImage(broken, to);
    expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(failures).toBeGreaterThan(0);
    for (const reference of to) await isWhole(reference, image);
  });

  test("an abort ends all copies with its reason", async () => {
    const { from } = await remote(image);
    const stop = new AbortController();
    const reason = new Error("enough");
    const copying = copyImage(from, [destination("one"), destination("two")], {
      signal: stop.signal,
      onEvent: ({ kind }) => kind === "blob-progress" && stop.abort(reason),
    });
    await expect(copying).rejects.toBe(reason);
  });

  test("a missing source fails as a whole", async () => {
    const missing = copyImage(destination("missing"), [destination("one")]);
    await expect(missing).rejects.toMatchObject({ code: "not-found" });
  });

  test("the same destination twice is impossible", async () => {
    const { from } = await remote(image);
    const twice = copyImage(from, [destination("one"), destination("one")]);
    await expect(twice).rejects.toMatchObject({ code: "impossible-copy" });
  });

  test("a destination that has the image already is left as it is", async () => {
    const { from, reads } = await remote(image);
    const [one, two] = [destination("one"), destination("two")];
    await copyImage(from, one);
    reads.clear();
    const results = await copyImage(from, [one, two]);
    expect(results.map(({ result }) => result?.alreadyThere)).toEqual([true, false]);
    expect([...reads.values()]).toEqual([1, 1, 1]);
  });
});
