import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import type { Digest } from "../../src/names/digest.ts";
import { digestOf } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import type { VerifyEvent } from "../../src/verify/verify-event.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { altered } from "../altered-reference.ts";
import { arm, rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { several, stored } from "./stored-images.ts";

const { ociManifest, ociIndex } = mediaTypes;
const one = sampleImage({ layers: ["one", "a longer one"] });
const other = sampleImage({ platform: arm, layers: ["other"] });

const numbered = (at: number): Digest => digestOf(Buffer.from(String(at)));

/** An index of so many manifests that are absent. */
function indexOfAbsent(count: number): SampleImage {
  const manifests = Array.from({ length: count }, (_, at) => {
    return { mediaType: ociManifest, digest: numbered(at), size: 1, platform: arm };
  });
  const manifest = rawManifest({ schemaVersion: 2, mediaType: ociIndex, manifests });
  return { manifest, blobs: new Map(), instances: [] };
}

describe("the number of manifests is limited", () => {
  test("to 10,000 for each image", async () => {
    const most = await verifyImage(await stored(indexOfAbsent(9999)));
    expect(most.problems).toHaveLength(9999);
    await expect(verifyImage(await stored(indexOfAbsent(10_000)))).rejects.toMatchObject({
      code: "invalid-manifest",
      reference: "memory:sample",
      message: expect.stringMatching(/memory:sample .*10000/) as string,
    });
    const two = several(await stored(indexOfAbsent(10_000), "a"), await stored(one, "b"));
    expect((await verifyImage(two)).problems).toHaveLength(10_000);
  });

  test.each([
    [500, "missing"],
    [501, "unreadable"],
  ])("to 1000 referrers: %i of each of two instances", async (count, kind) => {
    const reference = altered(await stored(sampleIndex([one, other])), {
      source: {
        async *getReferrers(subject) {
          const at = [one.manifest.digest, other.manifest.digest].indexOf(subject);
          for (let number = 0; at >= 0 && number < count; number++)
            yield { digest: numbered(at * 1000 + number), mediaType: ociManifest, size: 1 };
        },
      },
    });
    const { problems } = await verifyImage(reference, { referrers: true });
    expect(problems.some((problem) => problem.kind === kind)).toBe(true);
    expect(problems.some(({ message }) => message.includes("More than 1000"))).toBe(count > 500);
  });

  test.each([1, 2])("to %i in parallel, as the source offers", async (parallelBlobs) => {
    const names = Array.from({ length: 5 }, (_, at) => sampleImage({ layers: [`layer ${at}`] }));
    const [manifests, blobs] = [
      { open: 0, most: 0 },
      { open: 0, most: 0 },
    ];
    const enter = async (counter: { open: number; most: number }): Promise<void> => {
      counter.most = Math.max(counter.most, ++counter.open);
      await new Promise(setImmediate);
      counter.open--;
    };
    const reference = altered(await stored(sampleIndex(names)), {
      source: (real) => ({
        offers: { ...real.offers, parallelBlobs, storedDigests: true },
        async getManifest(...given) {
          await enter(manifests);
          return real.getManifest(...given);
        },
        async statBlob({ digest, size = 0 }) {
          await enter(blobs);
          return { size, ...(digest && { digest }) };
        },
      }),
    });
    expect((await verifyImage(reference)).problems).toEqual([]);
    expect([manifests.most, blobs.most]).toEqual([parallelBlobs, parallelBlobs]);
  });
});

describe("a blob", () => {
  const [digest = numbered(0)] = one.blobs.keys();

  test("that differs is not counted as verified", async () => {
    const blobs = new Map(one.blobs).set(digest, Buffer.from("different"));
    const { read, problems } = await verifyImage(await stored({ ...one, blobs }));
    expect([read.count, problems.length]).toEqual([one.blobs.size - 1, 1]);
  });

  test("is read if the source does not offer stored digests, or has none", async () => {
    const statBlob: NonNullable<ImageSource["statBlob"]> = async (blob) => ({
      size: blob.size ?? 0,
      ...(blob.digest && { digest: blob.digest }),
    });
    for (const source of [
      (real: ImageSource) => ({ offers: { ...real.offers, storedDigests: false }, statBlob }),
      (real: ImageSource) => ({
        offers: { ...real.offers, storedDigests: true },
        statBlob: undefined as never,
      }),
    ]) {
      const result = await verifyImage(altered(await stored(one), { source }));
      expect(result).toMatchObject({ read: { count: 3 }, stored: { count: 0 }, problems: [] });
    }
  });

  test("that the store does not have is missing and is not read", async () => {
    const signals: unknown[] = [];
    const reference = altered(await stored(one), {
      source: ({ offers }) => ({
        offers: { ...offers, storedDigests: true },
        statBlob: async (_, options) => void signals.push(options?.signal),
        getBlob: () => {
          throw new Error("nothing is read");
        },
      }),
    });
    const { problems } = await verifyImage(reference, { signal: new AbortController().signal });
    expect(problems.map(({ kind }) => kind)).toEqual(["missing", "missing", "missing"]);
    expect(signals).toEqual(Array(3).fill(expect.any(AbortSignal)));
  });

  test("is reported as a config or not when it is read", async () => {
    const configs = new Map<Digest, boolean>();
    await verifyImage(await stored(one), {
      onEvent: (event) => {
        if (event.kind === "blob-started") configs.set(event.blob.digest, event.isConfig);
      },
    });
    const [config, ...layers] = one.blobs.keys();
    expect(config && configs.get(config)).toBe(true);
    expect(layers.map((layer) => configs.get(layer))).toEqual([false, false]);
  });
});

describe("a manifest", () => {
  const withoutOne = async (index: SampleImage): Promise<ImageReference> =>
    altered(await stored(index), {
      source: (real) => ({
        locateBlob: (blob) => real.locateBlob?.(blob),
        async getManifest(instance, options) {
          if (instance === one.manifest.digest) throw new ImageError("not-found", "gone");
          return real.getManifest(instance, options);
        },
      }),
    });

  test("that is missing is reported once with each manifest that references it", async () => {
    const events: VerifyEvent[] = [];
    const index = sampleIndex([one, one, other]);
    const onEvent = (event: VerifyEvent): void => void events.push(event);
    const { problems } = await verifyImage(await withoutOne(index), { onEvent });
    expect(problems).toMatchObject([{ kind: "missing", namedBy: [index.manifest.digest] }]);
    expect(problems[0]?.namedBy).toHaveLength(1);
    expect(events).toContainEqual({ kind: "problem", problem: problems[0] });
  });

  test("that is both an instance and a referrer is compared with its size once", async () => {
    const { mediaType, digest, bytes } = other.manifest;
    const subject = { mediaType, digest, size: bytes.byteLength };
    const referrer = sampleImage({ layers: ["statement"], extra: { subject } });
    const reference = await stored(sampleIndex([referrer, other]));
    const result = await verifyImage(reference, { referrers: true });
    expect(result.problems).toEqual([]);
    expect(result.manifests.count).toBe(3);
  });

  test("that refers to the image is referenced by it", async () => {
    const reference = altered(await stored(one), {
      source: {
        async *getReferrers(subject) {
          if (subject === one.manifest.digest) yield { digest: other.manifest.digest };
        },
      },
    });
    const { problems } = await verifyImage(reference, { referrers: true });
    expect(problems).toMatchObject([{ kind: "missing", namedBy: [one.manifest.digest] }]);
  });

  test("has the size that was found in a problem of two sizes", async () => {
    const { digest, bytes } = one.manifest;
    const entry = (size: number) => ({ mediaType: ociManifest, digest, size, platform: arm });
    const manifests = [entry(bytes.byteLength), entry(1)];
    const manifest = rawManifest({ schemaVersion: 2, mediaType: ociIndex, manifests });
    const { problems } = await verifyImage(
      await stored({ manifest, blobs: new Map(), instances: [one] }),
    );
    expect(problems).toMatchObject([
      { kind: "wrong-size", size: 1, found: { digest, size: bytes.byteLength } },
    ]);
  });

  test("has the location that the source returns", async () => {
    const location = { kind: "file", path: "/scratch/x", description: "/scratch/x" };
    const reference = altered(await withoutOne(sampleIndex([one])), {
      source: {
        locateBlob: ({ digest }) =>
          (digest === one.manifest.digest ? location : undefined) as never,
      },
    });
    const { problems } = await verifyImage(reference);
    expect(problems).toMatchObject([{ kind: "missing", location }]);
  });
});

test("the source is closed", async () => {
  let closed = 0;
  const reference = altered(await stored(one), {
    source: { [Symbol.asyncDispose]: async () => void closed++ },
  });
  await verifyImage(reference);
  expect(closed).toBe(1);
});
