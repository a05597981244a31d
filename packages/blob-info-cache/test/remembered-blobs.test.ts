import { DatabaseSync } from "node:sqlite";
import zlib from "node:zlib";

import { copyImage, digestOf, ImageError, openImage, previewCopy } from "@drayage/core";
import type {
  BlobInfoCache,
  BlobLocation,
  DestinationAccepts,
  ImageDestination,
  ImageReference,
} from "@drayage/core";
import type { BlobFact } from "@drayage/core/blob-info-cache";
import { compressionOf, readAll } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { fileBlobInfoCache, memoryBlobInfoCache } from "../src/index.ts";
import { scratchFiles } from "./cache-facts.ts";
import { sampleImage } from "./sample-image.ts";

const plain = "application/vnd.oci.image.layer.v1.tar";
const texts = ["one layer", "another layer, that is longer"];

async function stored(image: WholeImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await writeImage(image, reference);
  return reference;
}

/** A place for images, in front of which somebody stands. */
class Place {
  readonly #transport = memory();
  readonly #layers: DestinationAccepts["layers"];
  readonly #over: (name: string) => Partial<ImageDestination>;
  /** What was sent to it. */
  readonly done: string[] = [];

  constructor(
    layers: DestinationAccepts["layers"],
    over: (name: string) => Partial<ImageDestination> = () => ({}),
  ) {
    this.#layers = layers;
    this.#over = over;
  }

  named(name: string): ImageReference {
    const reference = this.#transport.parseReference(name);
    return Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () => reference.newImageSource(),
      newImageDestination: async () => {
        const real = await reference.newImageDestination();
        const putBlob = real.putBlob.bind(real);
        const noted: ImageDestination["putBlob"] = async (bytes, blob, options = {}) => {
          this.done.push(options.isConfig ? "config" : "layer");
          return putBlob(bytes, blob, options);
        };
        const accepts = { ...real.accepts, layers: this.#layers };
        return Object.assign(real, { accepts, putBlob: noted, ...this.#over(name) });
      },
    });
  }
}

async function layersOf(reference: ImageReference): Promise<readonly string[]> {
  await using image = await openImage(reference);
  await using source = await reference.newImageSource();
  const contents = image.layerInfos.map(async (layer) => {
    const bytes = await readAll(source.getBlob(layer), 1 << 20);
    expect([digestOf(bytes), bytes.byteLength]).toEqual([layer.digest, layer.size]);
    const unpacked = compressionOf(bytes) === "gzip" ? zlib.gunzipSync(bytes) : bytes;
    return Buffer.from(unpacked).toString();
  });
  return await Promise.all(contents);
}

/** Tells what it is told. */
function noting(): BlobInfoCache & { readonly facts: BlobFact[] } {
  const cache = memoryBlobInfoCache();
  const facts: BlobFact[] = [];
  return {
    facts,
    recall: async (...asked) => cache.recall(...asked),
    record: async (told, options) => {
      facts.push(...told);
      await cache.record(told, options);
    },
  };
}

describe("a copy with a cache", () => {
  test.each([
    ["that are called what they are", plain],
    ["that are called gzip, as in docker archives", `${plain}+gzip`],
  ])("packs and sends layers once, %s", async (_, layerType) => {
    const from = await stored(sampleImage({ layers: texts, layerType }));
    const place = new Place("compress");
    const cache = memoryBlobInfoCache();
    const first = await copyImage(from, place.named("first"), { cache });
    expect(place.done.toSorted()).toEqual(["config", "layer", "layer"]);
    place.done.length = 0;
    const second = await copyImage(from, place.named("second"), { cache });
    expect(place.done).toEqual([]);
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 0, reused: 3 } });
    expect(await layersOf(place.named("second"))).toEqual(texts);
  });

  test("says why a digest changed that nobody expected to", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
    const { changes } = await copyImage(from, new Place("compress").named("first"));
    const because = "a layer is not packed as it is said to be, and repacked";
    expect(changes).toMatchObject([{ because }]);
  });

  test("says in its plan what the destination may have instead", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
    const place = new Place("compress");
    const cache = memoryBlobInfoCache();
    const { manifest } = await copyImage(from, place.named("first"), { cache });
    const { layers } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
      readonly layers: readonly { readonly digest: string }[];
    };
    const plan = await previewCopy(from, place.named("second"), { cache });
    const steps = plan.steps.filter((step) => step.kind === "blob" && !step.isConfig);
    expect(steps).toMatchObject(
      layers.map(({ digest }) => ({
        digest: undefined,
        candidates: [{ blob: { digest }, packedAs: "gzip" }],
        because: `the destination wants layers compressed; unless it has ${digest}, which is that`,
      })),
    );
    expect(plan.digest).toBeUndefined();
  });

  test("packs and sends what the destination has lost", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: plain }));
    const cache = memoryBlobInfoCache();
    const first = await copyImage(from, new Place("compress").named("first"), { cache });
    const place = new Place("compress");
    const second = await copyImage(from, place.named("second"), { cache });
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 3, reused: 0 } });
    expect(await layersOf(place.named("second"))).toEqual(texts);
  });

  test("knows of what it unpacked how it was packed", async () => {
    const packed = texts.map((text) => zlib.gzipSync(text, { level: 1 }));
    const image = sampleImage({ layers: packed });
    const registry = new Place("compress");
    await writeImage(image, registry.named("first"));
    const archive = new Place("decompress");
    const cache = memoryBlobInfoCache();
    await copyImage(registry.named("first"), archive.named("archive"), { cache });
    expect(await layersOf(archive.named("archive"))).toEqual(texts);
    registry.done.length = 0;
    await copyImage(archive.named("archive"), registry.named("back"), { cache });
    expect(registry.done).toEqual([]);
    await using back = await openImage(registry.named("back"));
    expect(back.layerInfos.map(({ digest }) => digest)).toEqual(packed.map((one) => digestOf(one)));
  });

  test("changes nothing where nothing may be changed", async () => {
    const image = sampleImage({ layers: texts, layerType: plain });
    const from = await stored(image);
    const place = new Place("compress");
    const cache = memoryBlobInfoCache();
    await copyImage(from, place.named("first"), { cache });
    const options = { cache, preserveDigests: true };
    const { digest } = await copyImage(from, place.named("second"), options);
    expect(digest).toBe(image.manifest.digest);
  });

  test("learns nothing of encrypted layers, of damaged ones and of those that are kept", async () => {
    const cache = noting();
    const encrypted = sampleImage({ layers: texts, layerType: `${plain}+encrypted` });
    await copyImage(await stored(encrypted), new Place("compress").named("a"), { cache });
    const kept = sampleImage({ layers: texts, layerType: plain });
    await copyImage(await stored(kept), new Place("preserve").named("b"), { cache });
    const first = digestOf(Buffer.from(texts[0] ?? ""));
    const damaged = { ...kept, blobs: new Map(kept.blobs).set(first, Buffer.from("false")) };
    const copy = copyImage(await stored(damaged), new Place("compress").named("c"), { cache });
    await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(cache.facts.filter(({ digest }) => digest === first)).toEqual([]);
  });

  test("keeps what it learnt before it failed", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: plain }));
    const cache = noting();
    const failing = new Place("compress", () => ({
      putManifest: () => Promise.reject(new ImageError("denied", "no")),
    }));
    const copy = copyImage(from, failing.named("a"), { cache });
    await expect(copy).rejects.toMatchObject({ code: "denied" });
    const known = texts.map((text) => digestOf(Buffer.from(text)));
    expect(cache.facts.map(({ digest }) => digest).toSorted()).toEqual(known.toSorted());
  });
});

describe("where blobs were seen", () => {
  function registryLocation(repository: string): BlobLocation {
    return { kind: "registry", origin: "http://registry.example.com", repository };
  }

  /** Takes note of where it is asked to take blobs from. */
  function registryPlace(asked: (BlobLocation | undefined)[], has = false): Place {
    return new Place("preserve", (repository) => ({
      locateBlob: () => registryLocation(repository),
      tryReusingBlob: async ({ digest, size }, { location } = {}) => {
        asked.push(location);
        return has ? { digest, size } : undefined;
      },
    }));
  }

  test("they may be taken from, the newest first", async () => {
    const from = await stored(sampleImage({ layers: ["one"] }));
    const cache = memoryBlobInfoCache();
    const asked: (BlobLocation | undefined)[] = [];
    await copyImage(from, registryPlace(asked).named("a"), { cache });
    await copyImage(from, registryPlace(asked).named("b"), { cache });
    await copyImage(from, registryPlace(asked, true).named("c"), { cache });
    const [a, b] = ["a", "b"].map(registryLocation);
    expect(asked).toEqual([undefined, undefined, a, a, b, b]);
  });

  test("where they are to go they are asked for first", async () => {
    const from = await stored(sampleImage({ layers: ["one"] }));
    const cache = memoryBlobInfoCache();
    for (const name of ["a", "b"]) await copyImage(from, registryPlace([]).named(name), { cache });
    const asked: (BlobLocation | undefined)[] = [];
    await copyImage(from, registryPlace(asked).named("a"), { cache, parallelBlobs: 1 });
    expect(asked).toEqual([undefined, registryLocation("b"), undefined, registryLocation("b")]);
  });

  test("matters nothing where the source lies beside, and all where it lies elsewhere", async () => {
    const reference = await stored(sampleImage({ layers: ["one"] }));
    const sourceAt = (location: BlobLocation): ImageReference =>
      Object.assign(Object.create(reference) as ImageReference, {
        newImageSource: async () =>
          Object.assign(await reference.newImageSource(), { locateBlob: () => location }),
      });
    const cache = memoryBlobInfoCache();
    await copyImage(reference, registryPlace([]).named("a"), { cache });
    const asked: (BlobLocation | undefined)[] = [];
    const beside = registryLocation("source");
    await copyImage(sourceAt(beside), registryPlace(asked).named("b"), { cache });
    const origin = "http://other.example.com";
    const away: BlobLocation = { kind: "registry", origin, repository: "source" };
    await copyImage(sourceAt(away), registryPlace(asked).named("c"), { cache });
    expect(asked).toEqual([beside, beside, registryLocation("b"), registryLocation("b")]);
  });

  test("is learnt of sources too", async () => {
    const reference = await stored(sampleImage({ layers: ["one"] }));
    const from = Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await reference.newImageSource(), {
          locateBlob: () => registryLocation("source"),
        }),
    });
    const cache = memoryBlobInfoCache();
    await copyImage(from, new Place("preserve").named("local"), { cache });
    const asked: (BlobLocation | undefined)[] = [];
    await copyImage(reference, registryPlace(asked).named("a"), { cache });
    expect(asked).toEqual([registryLocation("source"), registryLocation("source")]);
  });
});

test("whatever somebody wrote into a cache, an image is what it was", async () => {
  const layers = texts.map((text) => Buffer.from(text));
  const others = ["one", "two"].map((text) => zlib.gzipSync(text));
  const digests = [...layers, ...others].map((bytes) => digestOf(bytes));
  const planted = fc.record({
    digest: fc.constantFrom(...digests),
    form: fc.constantFrom(...digests, digestOf(Buffer.from("nowhere"))),
    size: fc.constantFrom(...others.map(({ byteLength }) => byteLength), 0, 1e15),
    seal: fc.constantFrom("", "seal"),
    location: fc.constantFrom("a", "b", "../c", ""),
  });
  const from = await stored(sampleImage({ layers, layerType: plain }));
  await fc.assert(
    fc.asyncProperty(fc.array(planted, { minLength: 1 }), async (rows) => {
      const files = await scratchFiles();
      const cache = fileBlobInfoCache(files);
      const place = new Place("compress");
      await writeImage(sampleImage({ layers: others }), place.named("other"));
      await copyImage(from, place.named("first"), { cache });
      const database = new DatabaseSync(files.file);
      for (const { digest, form, size, seal, location } of rows) {
        database
          .prepare("replace into packed values (?, ?, ?, 'gzip', ?)")
          .run(digest, form, size, seal);
        database.prepare("replace into seen values (?, 'docker', 'a', ?)").run(digest, location);
      }
      database.close();
      await copyImage(from, place.named("second"), { cache });
      expect(await layersOf(place.named("second"))).toEqual(texts);
    }),
    { numRuns: 20 },
  );
});

test("a layer that was compressed with zstd is reused where zstd is asked for", async () => {
  const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
  const place = new Place("compress");
  const cache = memoryBlobInfoCache();
  const copies = [["a", "gzip"] as const, ["b", "zstd"] as const, ["c", "zstd"] as const];
  const reused: number[] = [];
  for (const [name, compression] of copies) {
    const { blobs } = await copyImage(from, place.named(name), { cache, compression });
    reused.push(blobs.reused);
  }
  expect(reused).toEqual([0, 1, 3]);
});
