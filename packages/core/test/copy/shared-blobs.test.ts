import { readdir, readlink } from "node:fs/promises";
import { setImmediate as tick } from "node:timers/promises";

import { expect, test, vi } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyTarget, CopyToManyOptions } from "../../src/copy/copy-to-many.ts";
import { openImage } from "../../src/image/image.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { sampleImage, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { sampleEncrypter } from "./sample-encryption.ts";

const bytesFrom = (seed: number) =>
  new Uint8Array(400_000).map((_, index) => ((index + seed) * 7919) >> 5);
/** Two layers in temporary files, and one in memory. */
const image = sampleImage({ layers: [bytesFrom(1), "small", bytesFrom(2)] });

type Receive = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** A source on another machine, which counts the reads of each blob. */
async function remote(): Promise<{ from: ImageReference; reads: () => readonly number[] }> {
  const stored = memory().parseReference("source");
  await write(image, stored);
  const reads = new Map<string, number>();
  const from = altered(stored, {
    source: (real) => ({
      offers: { ...real.offers, isLocal: false },
      async *getBlob(blob, options) {
        reads.set(blob.digest ?? "", (reads.get(blob.digest ?? "") ?? 0) + 1);
        for await (const chunk of real.getBlob(blob, options)) {
          for (let at = 0; at < chunk.byteLength; at += 50_000) {
            await tick();
            yield chunk.subarray(at, at + 50_000);
          }
        }
      },
    }),
  });
  return { from, reads: () => [...reads.values()] };
}

function receiving(name: string, receive: Receive): ImageReference {
  return altered(memory().parseReference(name), {
    destination: (real) => ({
      putBlob: async (bytes, blob, options) => real.putBlob(receive(bytes), blob, options),
    }),
  });
}

const plain = (name: string): ImageReference => memory().parseReference(name);

/** The errors of a copy to all destinations. */
async function errorsOf(
  from: ImageReference,
  to: readonly (ImageReference | CopyTarget)[],
  options: CopyToManyOptions = {},
): Promise<readonly (ImageError | undefined)[]> {
  return (await copyImage(from, to, options)).map(({ error }) => error);
}

async function requireImage(reference: ImageReference, { blobs, manifest }: SampleImage) {
  await using source = await reference.newImageSource();
  expect(Buffer.from((await source.getManifest()).bytes)).toEqual(Buffer.from(manifest.bytes));
  for (const [digest, bytes] of blobs) {
    const found = Buffer.concat(await Array.fromAsync(source.getBlob({ digest })));
    expect(found.equals(bytes)).toBe(true);
  }
}

/** The temporary files that this process has open, on Linux. */
async function openSpools(): Promise<readonly string[]> {
  const descriptors = await readdir("/proc/self/fd").catch(() => []);
  const links = descriptors.map(async (fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((link) => link.includes("/drayage-"));
}

test("a destination that fails in the middle of a blob leaves no file open", async () => {
  const { from, reads } = await remote();
  const failure = new ImageError("denied", "the quota is used up");
  const failing = receiving("failing", async function* stopping(bytes) {
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.byteLength;
      if (size > 200_000) throw failure;
      yield chunk;
    }
  });
  const others = [plain("b"), plain("c")];
  expect(await errorsOf(from, [failing, ...others])).toEqual([failure, undefined, undefined]);
  for (const other of others) await requireImage(other, image);
  expect(reads()).toEqual([1, 1, 1, 1]);
  expect(await openSpools()).toEqual([]);
});

test("each destination can have another format and encryption", async () => {
  const { from, reads } = await remote();
  const [oci, docker, secret] = [plain("oci"), plain("docker"), plain("secret")];
  const encryption = { encrypter: sampleEncrypter(), layers: [0] };
  const { dockerManifest } = mediaTypes;
  const errors = await errorsOf(from, [
    oci,
    { destination: docker, options: { manifestMIMEType: dockerManifest } },
    { destination: secret, options: { encryption } },
  ]);
  expect(errors).toEqual([undefined, undefined, undefined]);
  await requireImage(oci, image);
  await using converted = await docker.newImageSource();
  expect((await converted.getManifest()).mediaType).toBe(dockerManifest);
  await using encrypted = await openImage(secret);
  const types = encrypted.layerInfos.map(({ mediaType }) => mediaType?.endsWith("+encrypted"));
  expect(types).toEqual([true, false, false]);
  expect(reads()).toEqual([1, 1, 1, 1]);
});

test("a destination that blocks in the middle of each blob continues from what was stored", async () => {
  const { from, reads } = await remote();
  const released = Promise.withResolvers<void>();
  const blocked = receiving("blocked", async function* waiting(bytes) {
    for await (const chunk of bytes) {
      yield chunk;
      await released.promise;
    }
  });
  const others = [plain("b"), plain("c")];
  let open = others.length;
  const errors = await errorsOf(from, [blocked, ...others], {
    onEvent: ({ kind }) => kind === "done" && --open === 0 && released.resolve(),
  });
  expect(errors).toEqual([undefined, undefined, undefined]);
  await requireImage(blocked, image);
  expect(reads()).toEqual([1, 1, 1, 1]);
});

test("a destination that opens when the others have ended reads what was stored", async () => {
  const { from, reads } = await remote();
  const ended = Promise.withResolvers<void>();
  const target = plain("late");
  const late = Object.assign(Object.create(target) as ImageReference, {
    newImageSource: async () => target.newImageSource(),
    async newImageDestination() {
      await ended.promise;
      return target.newImageDestination?.();
    },
  });
  const onEvent = ({ kind }: { readonly kind: string }): void => {
    if (kind === "done") ended.resolve();
  };
  expect(await errorsOf(from, [late, plain("first")], { onEvent })).toEqual([undefined, undefined]);
  await requireImage(late, image);
  expect(reads()).toEqual([1, 1, 1, 1]);
});

test("blobs that a waiting destination reuses take no space once the others have them", async () => {
  const { from } = await remote();
  const ended = Promise.withResolvers<void>();
  const waiting = altered(plain("waiting"), {
    destination: () => ({
      tryReusingBlob: async ({ digest, size, mediaType }) => ({ digest, size, mediaType }),
      async commit() {
        await ended.promise;
      },
    }),
  });
  let open = 2;
  let spools = openSpools();
  const errors = await errorsOf(from, [waiting, plain("b"), plain("c")], {
    onEvent({ kind }) {
      if (kind !== "done" || --open !== 0) return;
      spools = afterClosing().then(openSpools);
      spools.then(() => ended.resolve(), ended.reject);
    },
  });
  expect(errors).toEqual([undefined, undefined, undefined]);
  expect(await spools).toEqual([]);
});

/** Waits until the files that are no longer needed are closed. */
async function afterClosing(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await tick();
}

test("without a folder for temporary files, large blobs are read for each", async () => {
  vi.stubEnv("TMPDIR", "/nonexistent");
  const { from, reads } = await remote();
  const targets = [plain("a"), plain("b")];
  expect(await errorsOf(from, targets)).toEqual([undefined, undefined]);
  vi.unstubAllEnvs();
  for (const target of targets) await requireImage(target, image);
  const counts = reads().toSorted((a, b) => a - b);
  expect(counts.slice(0, 2)).toEqual([1, 1]);
  expect(counts[2]).toBeGreaterThan(1);
});

test.each([1, 2, 3, 4])("any order of reads gives the same images (seed %i)", async (seed) => {
  let state = seed * 7919;
  const random = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const { from, reads } = await remote();
  const targets = ["a", "b", "c", "d"].map((name) =>
    receiving(name, async function* uneven(bytes) {
      for await (const chunk of bytes) {
        while (random() < 0.5) await tick();
        yield chunk;
      }
    }),
  );
  expect(new Set(await errorsOf(from, targets))).toEqual(new Set([undefined]));
  for (const target of targets) await requireImage(target, image);
  expect(reads()).toEqual([1, 1, 1, 1]);
});
