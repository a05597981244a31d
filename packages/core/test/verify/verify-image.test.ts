import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import { Retries } from "../../src/contract/retries.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import type { VerifyEvent } from "../../src/verify/verify-event.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { arm, linux, rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const one = sampleImage({ platform: linux, layers: ["base", "of linux", "base"] });
const other = sampleImage({ platform: arm, layers: ["base", "of arm"] });
const index = sampleIndex([one, other]);
const base = digestOf(Buffer.from("base"));
const ofLinux = digestOf(Buffer.from("of linux"));
const ofArm = digestOf(Buffer.from("of arm"));

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

/** Replaces or removes blobs of an image. */
function damaged(image: SampleImage, damage: ReadonlyMap<Digest, string | undefined>): SampleImage {
  const blobs = [...image.blobs].flatMap(([digest, bytes]) => {
    if (!damage.has(digest)) return [[digest, bytes] as const];
    const instead = damage.get(digest);
    return instead === undefined ? [] : [[digest, Buffer.from(instead)] as const];
  });
  const instances = image.instances.map((instance) => damaged(instance, damage));
  return { ...image, blobs: new Map(blobs), instances };
}

/** The same reference with some methods of its source replaced. */
function changed(
  reference: ImageReference,
  change: (source: ImageSource) => Partial<ImageSource>,
): ImageReference {
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => {
      const source = await reference.newImageSource();
      return {
        reference: source.reference,
        offers: source.offers,
        getManifest: source.getManifest.bind(source),
        getBlob: source.getBlob.bind(source),
        [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
        ...change(source),
      };
    },
  });
}

describe("a complete image", () => {
  test("is verified by reading each manifest and each blob once", async () => {
    const events: VerifyEvent[] = [];
    const onEvent = (event: VerifyEvent): void => void events.push(event);
    const result = await verifyImage(await stored(index), { onEvent });
    const bytes = [...new Map([...one.blobs, ...other.blobs]).values()].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    const none = { count: 0, bytes: 0 };
    expect(result).toMatchObject({
      source: "memory:sample",
      images: 1,
      manifests: { count: 3 },
      read: { count: 5, bytes },
      stored: none,
      external: none,
      problems: [],
    });
    expect(events[0]).toMatchObject({ kind: "inspected", blobs: 5, bytes });
    expect(events.at(-1)).toEqual({ kind: "verified", result });
    const started = events.flatMap((event) =>
      event.kind === "blob-started" ? event.blob.digest : [],
    );
    expect(started.toSorted()).toEqual([...new Set(started)].toSorted());
    const read = events.map((event) => (event.kind === "blob-progress" ? event.bytes : 0));
    expect(read.reduce((sum, amount) => sum + amount)).toBe(bytes);
    expect(structuredClone(result)).toEqual(result);
  });

  test("is verified without reading if the store has computed the digests, unless `readAll` is set", async () => {
    const known = changed(await stored(index), (source) => ({
      offers: { ...source.offers, storedDigests: true },
      async statBlob({ digest = base }) {
        const [bytes] = await Array.fromAsync(source.getBlob({ digest }));
        const size = bytes?.byteLength ?? 0;
        return digest === ofArm ? { size } : { digest, size };
      },
    }));
    const read = { count: 1, bytes: "of arm".length };
    expect(await verifyImage(known)).toMatchObject({ read, stored: { count: 4 }, problems: [] });
    expect(await verifyImage(known, { readAll: true })).toMatchObject({
      read: { count: 5 },
      stored: { count: 0 },
    });
  });

  test("may be limited to some platforms", async () => {
    const reference = await stored(damaged(index, new Map([[ofArm, "odd"]])));
    const instances = { platforms: [linux] };
    expect(await verifyImage(reference, { instances })).toMatchObject({
      manifests: { count: 2 },
      read: { count: 3 },
      problems: [],
    });
    const none = verifyImage(reference, { instances: { platforms: [{ ...arm, os: "plan9" }] } });
    await expect(none).rejects.toMatchObject({ code: "not-found" });
  });

  test("may have external layers, unless another manifest references them without URLs", async () => {
    const away = digestOf(Buffer.from("away"));
    const urls = ["https://example.com/away"];
    const descriptor = { mediaType: "application/x-layer", digest: away, size: 4 };
    const foreign = sampleImage({ extra: { layers: [{ ...descriptor, urls }] } });
    const native = sampleImage({ platform: arm, extra: { layers: [descriptor] } });
    expect(await verifyImage(await stored(foreign))).toMatchObject({
      external: { count: 1, bytes: 4 },
      problems: [],
    });
    expect(await verifyImage(await stored(sampleIndex([foreign, native])))).toMatchObject({
      external: { count: 0 },
      problems: [{ kind: "missing", digest: away }],
    });
  });
});

describe("of an incomplete image", () => {
  test("all problems are reported, with the manifests that reference them", async () => {
    const damage = new Map([
      [base, undefined],
      [ofLinux, "of linuX"],
      [ofArm, "of"],
    ]);
    const { problems } = await verifyImage(await stored(damaged(index, damage)));
    expect(problems).toMatchObject([
      {
        kind: "missing",
        part: "layer",
        digest: base,
        namedBy: [one.manifest.digest, other.manifest.digest],
        image: "memory:sample",
      },
      {
        kind: "wrong-digest",
        digest: ofLinux,
        found: { digest: digestOf(Buffer.from("of linuX")) },
      },
      { kind: "wrong-size", digest: ofArm, size: 6, found: { size: 2 } },
    ]);
    for (const { digest, message } of problems) expect(message).toContain(digest);
  });

  test("a blob that is too long is read no further than needed", async () => {
    const reference = changed(await stored(one), (source) => ({
      async *getBlob(blob, options) {
        yield* source.getBlob(blob, options);
        for (;;) yield Buffer.from("more");
      },
    }));
    const { problems } = await verifyImage(reference);
    expect(problems.map(({ kind }) => kind)).toEqual(["wrong-size", "wrong-size", "wrong-size"]);
  });

  test("the digests of the store are enough to find problems", async () => {
    const reference = changed(await stored(one), ({ offers }) => ({
      offers: { ...offers, storedDigests: true },
      statBlob: async ({ size = 0 }) => ({ digest: ofArm, size }),
      getBlob: () => {
        throw new Error("nothing is read");
      },
    }));
    const { problems } = await verifyImage(reference);
    expect(problems.map(({ kind }) => kind)).toEqual(Array(3).fill("wrong-digest"));
  });

  test("the other instances are verified if one is missing or wrong", async () => {
    const whole = await stored(index);
    const reference = changed(whole, (source) => ({
      async getManifest(instance, options) {
        if (instance === other.manifest.digest) throw new ImageError("not-found", "gone");
        return source.getManifest(instance, options);
      },
    }));
    expect(await verifyImage(reference)).toMatchObject({
      manifests: { count: 2 },
      read: { count: 3 },
      problems: [{ kind: "missing", part: "manifest", namedBy: [index.manifest.digest] }],
    });
    const swapped = changed(whole, (source) => ({
      getManifest: async (instance) =>
        instance === other.manifest.digest ? one.manifest : source.getManifest(instance),
    }));
    const { problems } = await verifyImage(swapped);
    expect(problems).toMatchObject([{ kind: expect.stringMatching(/^wrong-/), part: "manifest" }]);
  });

  test("an index with a wrong size of an instance is the problem", async () => {
    const { digest, bytes } = one.manifest;
    const size = bytes.byteLength + 1;
    const manifests = [{ mediaType: mediaTypes.ociManifest, digest, size, platform: linux }];
    const manifest = rawManifest({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    const { problems } = await verifyImage(await stored({ ...index, manifest }));
    expect(problems).toMatchObject([{ kind: "wrong-size", part: "manifest", digest }]);
    expect(problems[0]?.message).toMatch(/rebuild the image/);
  });

  test("an invalid manifest is reported", async () => {
    const manifest = rawManifest({ schemaVersion: 1, mediaType: mediaTypes.ociManifest });
    const { problems } = await verifyImage(await stored({ ...one, manifest }));
    expect(problems).toMatchObject([{ kind: "unreadable", part: "manifest" }]);
  });
});

test("referrers are verified on request", async () => {
  const { mediaType, digest, bytes } = one.manifest;
  const subject = { mediaType, digest, size: bytes.byteLength };
  const statement = sampleImage({ layers: ["statement"], extra: { subject } });
  const gone = new Map([[digestOf(Buffer.from("statement")), undefined]]);
  const reference = memory().parseReference("sample");
  await using destination = await reference.newImageDestination();
  for (const { blobs } of [one, damaged(statement, gone)])
    for (const [own, content] of blobs)
      await destination.putBlob(
        (async function* all() {
          yield content;
        })(),
        { digest: own },
      );
  await destination.putManifest(statement.manifest, { instance: statement.manifest.digest });
  await destination.putManifest(one.manifest);
  await destination.commit();
  expect((await verifyImage(reference)).problems).toEqual([]);
  const { manifests, problems } = await verifyImage(reference, { referrers: true });
  expect(manifests.count).toBe(2);
  expect(problems).toMatchObject([{ kind: "missing", namedBy: [statement.manifest.digest] }]);
});

test("a missing image is not-found", async () => {
  const reference = memory().parseReference("nothing");
  await expect(verifyImage(reference)).rejects.toMatchObject({ code: "not-found" });
});

test("retryable errors are retried, and end the verification if they persist", async () => {
  const away = (times: number): ((source: ImageSource) => Partial<ImageSource>) => {
    let failures = 0;
    return (source) => ({
      async *getBlob(blob, options) {
        if (blob.digest === base && failures++ < times) throw new ImageError("unavailable", "away");
        yield* source.getBlob(blob, options);
      },
    });
  };
  const whole = await stored(index);
  const retries = new Retries({ maxAttempts: 3, initialDelay: 1 });
  const kinds: string[] = [];
  const onEvent = ({ kind }: VerifyEvent): void => void kinds.push(kind);
  expect(await verifyImage(changed(whole, away(2)), { retries, onEvent })).toMatchObject({
    problems: [],
  });
  expect(kinds).toContain("blob-restarted");
  await expect(verifyImage(changed(whole, away(9)), { retries })).rejects.toMatchObject({
    code: "unavailable",
  });
});

test("the reason of an abort passes through unchanged", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const options = {
    signal: controller.signal,
    onEvent: ({ kind }: VerifyEvent) => void (kind === "blob-started" && controller.abort(reason)),
  };
  await expect(verifyImage(await stored(index), options)).rejects.toBe(reason);
});
