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
import { compressed as compressedBytes, compressionOf, readAll } from "@drayage/core/content";
import type { LayerCompressor } from "@drayage/core/copy";
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

/** A memory destination that records uploads. `overrides` replaces members of each destination. */
class RecordingStore {
  readonly #transport = memory();
  readonly #layers: DestinationAccepts["layers"];
  readonly #overrides: (name: string) => Partial<ImageDestination>;
  /** The kinds of the blobs that were sent. */
  readonly sent: string[] = [];

  constructor(
    layers: DestinationAccepts["layers"],
    overrides: (name: string) => Partial<ImageDestination> = () => ({}),
  ) {
    this.#layers = layers;
    this.#overrides = overrides;
  }

  reference(name: string): ImageReference {
    const reference = this.#transport.parseReference(name);
    return Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () => reference.newImageSource(),
      newImageDestination: async () => {
        const real = await reference.newImageDestination();
        const putBlob = real.putBlob.bind(real);
        const recordingPutBlob: ImageDestination["putBlob"] = async (bytes, blob, options = {}) => {
          this.sent.push(options.isConfig ? "config" : "layer");
          return putBlob(bytes, blob, options);
        };
        const accepts = { ...real.accepts, layers: this.#layers };
        return Object.assign(real, {
          accepts,
          putBlob: recordingPutBlob,
          ...this.#overrides(name),
        });
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
    const isGzip = compressionOf(bytes) === "gzip";
    return Buffer.from(isGzip ? zlib.gunzipSync(bytes) : bytes).toString();
  });
  return await Promise.all(contents);
}

/** A cache that exposes the recorded facts. */
function observableCache(): BlobInfoCache & { readonly facts: BlobFact[] } {
  const cache = memoryBlobInfoCache();
  const facts: BlobFact[] = [];
  return {
    facts,
    lookUp: async (...parameters) => cache.lookUp(...parameters),
    record: async (recorded, options) => {
      facts.push(...recorded);
      await cache.record(recorded, options);
    },
  };
}

describe("a copy with a compressor and a cache", () => {
  const compressor: LayerCompressor = {
    name: "zstd:marked",
    baseFormat: "zstd",
    annotation: "mark",
    compress: (bytes) => ({
      bytes: compressedBytes(bytes, "zstd"),
      annotations: () => ({ mark: "1" }),
    }),
  };
  const options = { compressors: [compressor], cache: memoryBlobInfoCache() };

  test("reuses layers of the same compressor with their annotations, and no others", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: plain }));
    const store = new RecordingStore("compress");
    const copy = async (name: string, format: string): Promise<readonly unknown[]> => {
      store.sent.length = 0;
      await copyImage(from, store.reference(name), { ...options, compression: { format } });
      await using image = await openImage(store.reference(name));
      const marks = image.layerInfos.map(({ annotations }) => annotations?.["mark"]);
      return [store.sent.filter((kind) => kind === "layer").length, ...marks];
    };
    expect(await copy("zstd", "zstd")).toEqual([2, undefined, undefined]);
    expect(await copy("first", "zstd:marked")).toEqual([2, "1", "1"]);
    expect(await copy("second", "zstd:marked")).toEqual([0, "1", "1"]);
  });
});

describe("a copy with a cache", () => {
  test.each([
    ["with their correct media type", plain],
    ["labelled as gzip, as in docker archives", `${plain}+gzip`],
  ])("compresses and sends layers once, %s", async (_, layerType) => {
    const from = await stored(sampleImage({ layers: texts, layerType }));
    const store = new RecordingStore("compress");
    const cache = memoryBlobInfoCache();
    const first = await copyImage(from, store.reference("first"), { cache });
    expect(store.sent.toSorted()).toEqual(["config", "layer", "layer"]);
    store.sent.length = 0;
    const second = await copyImage(from, store.reference("second"), { cache });
    expect(store.sent).toEqual([]);
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 0, reused: 3 } });
    expect(await layersOf(store.reference("second"))).toEqual(texts);
  });

  test("reports why the digest changed", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
    const { changes } = await copyImage(from, new RecordingStore("compress").reference("first"));
    const reason = "the compression of a layer does not match its media type; it was recompressed";
    expect(changes).toMatchObject([{ reason }]);
  });

  test("plans with the compressed forms that the destination may have", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
    const store = new RecordingStore("compress");
    const cache = memoryBlobInfoCache();
    const { manifest } = await copyImage(from, store.reference("first"), { cache });
    const { layers } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
      readonly layers: readonly { readonly digest: string }[];
    };
    const plan = await previewCopy(from, store.reference("second"), { cache });
    const steps = plan.steps.filter((step) => step.kind === "blob" && !step.isConfig);
    expect(steps).toMatchObject(
      layers.map(({ digest }) => ({
        digest: undefined,
        candidates: [{ blob: { digest }, compression: "gzip" }],
        reason: `the destination wants layers compressed; reuses ${digest} if it exists`,
      })),
    );
    expect(plan.digest).toBeUndefined();
  });

  test("compresses and sends layers that were deleted at the destination", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: plain }));
    const cache = memoryBlobInfoCache();
    const first = await copyImage(from, new RecordingStore("compress").reference("first"), {
      cache,
    });
    const store = new RecordingStore("compress");
    const second = await copyImage(from, store.reference("second"), { cache });
    expect(second).toMatchObject({ digest: first.digest, blobs: { copied: 3, reused: 0 } });
    expect(await layersOf(store.reference("second"))).toEqual(texts);
  });

  test("reuses the original compressed form of a layer that it decompressed", async () => {
    const compressed = texts.map((text) => zlib.gzipSync(text, { level: 1 }));
    const image = sampleImage({ layers: compressed });
    const registry = new RecordingStore("compress");
    await writeImage(image, registry.reference("first"));
    const archive = new RecordingStore("decompress");
    const cache = memoryBlobInfoCache();
    await copyImage(registry.reference("first"), archive.reference("archive"), { cache });
    expect(await layersOf(archive.reference("archive"))).toEqual(texts);
    registry.sent.length = 0;
    await copyImage(archive.reference("archive"), registry.reference("back"), { cache });
    expect(registry.sent).toEqual([]);
    await using back = await openImage(registry.reference("back"));
    expect(back.layerInfos.map(({ digest }) => digest)).toEqual(
      compressed.map((bytes) => digestOf(bytes)),
    );
  });

  test("preserves digests on request", async () => {
    const image = sampleImage({ layers: texts, layerType: plain });
    const from = await stored(image);
    const store = new RecordingStore("compress");
    const cache = memoryBlobInfoCache();
    await copyImage(from, store.reference("first"), { cache });
    const options = { cache, preserveDigests: true };
    const { digest } = await copyImage(from, store.reference("second"), options);
    expect(digest).toBe(image.manifest.digest);
  });

  test("records no facts about encrypted, damaged and unchanged layers", async () => {
    const cache = observableCache();
    const encrypted = sampleImage({ layers: texts, layerType: `${plain}+encrypted` });
    await copyImage(await stored(encrypted), new RecordingStore("compress").reference("a"), {
      cache,
    });
    const kept = sampleImage({ layers: texts, layerType: plain });
    await copyImage(await stored(kept), new RecordingStore("preserve").reference("b"), { cache });
    const first = digestOf(Buffer.from(texts[0] ?? ""));
    const damaged = { ...kept, blobs: new Map(kept.blobs).set(first, Buffer.from("false")) };
    const copy = copyImage(await stored(damaged), new RecordingStore("compress").reference("c"), {
      cache,
    });
    await expect(copy).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(cache.facts.filter(({ digest }) => digest === first)).toEqual([]);
  });

  test("records facts of a copy that fails", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: plain }));
    const cache = observableCache();
    const failing = new RecordingStore("compress", () => ({
      putManifest: () => Promise.reject(new ImageError("denied", "no")),
    }));
    const copy = copyImage(from, failing.reference("a"), { cache });
    await expect(copy).rejects.toMatchObject({ code: "denied" });
    const layers = texts.map((text) => digestOf(Buffer.from(text)));
    expect(cache.facts.map(({ digest }) => digest).toSorted()).toEqual(layers.toSorted());
  });
});

describe("cached locations of blobs", () => {
  function registryLocation(repository: string): BlobLocation {
    return { transport: "docker", scope: "registry.example.com", path: repository };
  }

  /** Records the `location` of each call of `tryReusingBlob`. */
  function registryStore(
    locations: (BlobLocation | undefined)[],
    isPresent = false,
  ): RecordingStore {
    return new RecordingStore("preserve", (repository) => ({
      locateBlob: () => registryLocation(repository),
      tryReusingBlob: async ({ digest, size }, { location } = {}) => {
        locations.push(location);
        return isPresent ? { digest, size } : undefined;
      },
    }));
  }

  test("are offered to the destination, newest first", async () => {
    const from = await stored(sampleImage({ layers: ["one"] }));
    const cache = memoryBlobInfoCache();
    const locations: (BlobLocation | undefined)[] = [];
    await copyImage(from, registryStore(locations).reference("a"), { cache });
    await copyImage(from, registryStore(locations).reference("b"), { cache });
    await copyImage(from, registryStore(locations, true).reference("c"), { cache });
    const [a, b] = ["a", "b"].map(registryLocation);
    expect(locations).toEqual([undefined, undefined, a, a, b, b]);
  });

  test("at the destination itself are tried first", async () => {
    const from = await stored(sampleImage({ layers: ["one"] }));
    const cache = memoryBlobInfoCache();
    for (const name of ["a", "b"])
      await copyImage(from, registryStore([]).reference(name), { cache });
    const locations: (BlobLocation | undefined)[] = [];
    await copyImage(from, registryStore(locations).reference("a"), { cache, parallelBlobs: 1 });
    expect(locations).toEqual([undefined, registryLocation("b"), undefined, registryLocation("b")]);
  });

  test("are used only if the source is in another registry", async () => {
    const reference = await stored(sampleImage({ layers: ["one"] }));
    const sourceAt = (location: BlobLocation): ImageReference =>
      Object.assign(Object.create(reference) as ImageReference, {
        newImageSource: async () =>
          Object.assign(await reference.newImageSource(), { locateBlob: () => location }),
      });
    const cache = memoryBlobInfoCache();
    await copyImage(reference, registryStore([]).reference("a"), { cache });
    const locations: (BlobLocation | undefined)[] = [];
    const sameRegistry = registryLocation("source");
    await copyImage(sourceAt(sameRegistry), registryStore(locations).reference("b"), { cache });
    const otherRegistry = { ...registryLocation("source"), scope: "other.example.com" };
    await copyImage(sourceAt(otherRegistry), registryStore(locations).reference("c"), { cache });
    expect(locations).toEqual([
      sameRegistry,
      sameRegistry,
      registryLocation("b"),
      registryLocation("b"),
    ]);
  });

  test("are recorded for sources too", async () => {
    const reference = await stored(sampleImage({ layers: ["one"] }));
    const from = Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await reference.newImageSource(), {
          locateBlob: () => registryLocation("source"),
        }),
    });
    const cache = memoryBlobInfoCache();
    await copyImage(from, new RecordingStore("preserve").reference("local"), { cache });
    const locations: (BlobLocation | undefined)[] = [];
    await copyImage(reference, registryStore(locations).reference("a"), { cache });
    expect(locations).toEqual([registryLocation("source"), registryLocation("source")]);
  });
});

test("copies the same content whatever a cache contains", async () => {
  const layers = texts.map((text) => Buffer.from(text));
  const others = ["one", "two"].map((text) => zlib.gzipSync(text));
  const digests = [...layers, ...others].map((bytes) => digestOf(bytes));
  const row = fc.record({
    digest: fc.constantFrom(...digests),
    form: fc.constantFrom(...digests, digestOf(Buffer.from("absent"))),
    size: fc.constantFrom(...others.map(({ byteLength }) => byteLength), 0, 1e15),
    mac: fc.constantFrom("", "mac"),
    location: fc.constantFrom("a", "b", "../c", ""),
  });
  const from = await stored(sampleImage({ layers, layerType: plain }));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1 }), async (rows) => {
      const files = await scratchFiles();
      const cache = fileBlobInfoCache(files);
      const store = new RecordingStore("compress");
      await writeImage(sampleImage({ layers: others }), store.reference("other"));
      await copyImage(from, store.reference("first"), { cache });
      const database = new DatabaseSync(files.file);
      for (const { digest, form, size, mac, location } of rows) {
        database
          .prepare("replace into compressed_forms values (?, ?, ?, 'gzip', ?)")
          .run(digest, form, size, mac);
        database
          .prepare("replace into locations values (?, 'docker', 'a', ?)")
          .run(digest, location);
      }
      database.close();
      await copyImage(from, store.reference("second"), { cache });
      expect(await layersOf(store.reference("second"))).toEqual(texts);
    }),
    { numRuns: 20 },
  );
});

test("reuses a layer compressed with zstd if zstd is requested", async () => {
  const from = await stored(sampleImage({ layers: texts, layerType: `${plain}+gzip` }));
  const store = new RecordingStore("compress");
  const cache = memoryBlobInfoCache();
  const copies = [["a", "gzip"] as const, ["b", "zstd"] as const, ["c", "zstd"] as const];
  const reused: number[] = [];
  for (const [name, compression] of copies) {
    const { blobs } = await copyImage(from, store.reference(name), { cache, compression });
    reused.push(blobs.reused);
  }
  expect(reused).toEqual([0, 1, 3]);
});
