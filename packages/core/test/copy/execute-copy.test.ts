import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

import { describe, expect, test, vi } from "vitest";

import type { BlobInfoCache } from "../../src/contract/blob-info-cache.ts";
import type { BlobInfo, BlobLocation } from "../../src/contract/blob-info.ts";
import type {
  DestinationAccepts,
  ImageDestination,
  PutBlobOptions,
} from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource, SourceOffers } from "../../src/contract/image-source.ts";
import type { Notice } from "../../src/contract/notice.ts";
import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { Retries } from "../../src/contract/retries.ts";
import type { CopyEvent } from "../../src/copy/copy-event.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { altered } from "../altered-reference.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const { ociManifest, dockerManifest } = mediaTypes;
const plainLayer = "application/vnd.oci.image.layer.v1.tar";

async function stored(
  image: SampleImage,
  source: (real: ImageSource) => Partial<ImageSource> = () => ({}),
): Promise<ImageReference> {
  const reference = memory().parseReference("from");
  await write(image, reference);
  return altered(reference, { source });
}

/** A destination that accepts other types or has other methods. */
function taking(
  accepts: Partial<DestinationAccepts> = {},
  over: (real: ImageDestination) => Partial<ImageDestination> = () => ({}),
): ImageReference {
  return altered(memory().parseReference("to"), {
    destination: (real) => ({ accepts: { ...real.accepts, ...accepts }, ...over(real) }),
  });
}

/** Lets pending work continue. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

describe("the order of a copy:", () => {
  test("blobs are sent in order of size, the largest first", async () => {
    const sizes: number[] = [];
    const to = taking({ parallelBlobs: 1 }, (real) => ({
      putBlob: (bytes, blob, options) => {
        sizes.push(blob.size ?? 0);
        return real.putBlob(bytes, blob, options);
      },
    }));
    const image = sampleImage({ layers: ["a".repeat(10), "b".repeat(5000), "c".repeat(300)] });
    await copyImage(await stored(image), to);
    expect(sizes).toHaveLength(4);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  test("images are written in parallel, and each index after all that it references", async () => {
    const inner = sampleIndex([sampleImage({ layers: ["x"] }), sampleImage({ platform: arm })]);
    const index = sampleIndex([inner, sampleImage({ layers: ["y"] })]);
    for (const parallelBlobs of [1, 3]) {
      const written: string[] = [];
      let [open, most] = [0, 0];
      const to = taking({ parallelBlobs }, (real) => ({
        putManifest: async (manifest, options) => {
          most = Math.max(most, ++open);
          await turns();
          await real.putManifest(manifest, options);
          open--;
          written.push(digestOf(manifest.bytes));
        },
      }));
      await copyImage(await stored(index), to, { instances: "all" });
      expect(most).toBe(parallelBlobs);
      expect(written).toHaveLength(5);
      expect(written.slice(3)).toEqual([inner.manifest.digest, index.manifest.digest]);
    }
  });

  test("signatures follow, and are reported", async () => {
    const signatures = [{ kind: "simple-signing", bytes: Buffer.from("x") } as const];
    const image = sampleImage();
    const from = await stored(image, () => ({ getSignatures: async () => signatures }));
    const events: CopyEvent[] = [];
    await copyImage(from, taking(), { onEvent: (event) => void events.push(event) });
    expect(events.filter(({ kind }) => kind === "signatures-written")).toEqual([
      { kind: "signatures-written", digest: image.manifest.digest, count: 1 },
    ]);
  });
});

describe("a cache", () => {
  const at = (path: string): BlobLocation => ({ transport: "shelf", scope: "to.example", path });
  const remembering = () => {
    const record = vi.fn<BlobInfoCache["record"]>(async () => {});
    return { record, cache: { record, lookUp: async () => new Map<never, never>() } };
  };

  test("records the facts of all blobs in one call, also for a copy that fails", async () => {
    const image = sampleImage();
    const bad = digestOf(Buffer.from("two"));
    for (const isFailing of [false, true]) {
      const { record, cache } = remembering();
      const to = taking({ parallelBlobs: 1 }, (real) => ({
        locateBlob: () => at("a"),
        putBlob: (bytes, blob, options) =>
          isFailing && blob.digest === bad
            ? Promise.reject(new ImageError("denied", "no"))
            : real.putBlob(bytes, blob, options),
      }));
      const onNotice = (): void => {};
      const copy = copyImage(await stored(image), to, { cache, onNotice });
      const outcome = await copy.then(
        () => "done",
        () => "failed",
      );
      expect(outcome).toBe(isFailing ? "failed" : "done");
      expect(record).toHaveBeenCalledTimes(1);
      const [facts = [], options] = record.mock.calls[0] ?? [];
      const seen = new Set(facts.map(({ digest }) => digest));
      expect(seen.has(bad)).toBe(!isFailing);
      expect(seen.size).toBe(isFailing ? 2 : 3);
      expect(options?.onNotice).toBeTypeOf("function");
    }
  });

  test("records how layers were compressed", async () => {
    const { record, cache } = remembering();
    const image = sampleImage({ layers: ["plain"], layerType: plainLayer });
    await copyImage(await stored(image), taking({ layers: "compress" }), { cache });
    const digest = digestOf(Buffer.from("plain"));
    expect(record.mock.calls[0]?.[0]).toMatchObject([
      { kind: "compressed", digest, form: { compression: "gzip" } },
    ]);
  });

  test("records nothing if there are no facts", async () => {
    const { record, cache } = remembering();
    await copyImage(await stored(sampleImage()), taking(), { cache });
    expect(record).not.toHaveBeenCalled();
  });
});

describe("the result of a copy", () => {
  const { manifest: generated } = sampleImage({ extra: { annotations: { made: "up" } } });
  const generating = (
    manifest: RawManifest | ((put: RawManifest | undefined) => RawManifest | undefined),
    accepts: Partial<DestinationAccepts> = {},
  ): ImageReference =>
    taking({ ...accepts, preservesManifests: false }, (real) => {
      let put: RawManifest | undefined;
      return {
        putManifest: async (...given) => {
          [put] = given;
          await real.putManifest(...given);
        },
        tryReusingManifest: async () => undefined,
        commit: async (options) => {
          await real.commit(options);
          const kept = typeof manifest === "function" ? manifest(put) : manifest;
          return kept && { manifest: kept };
        },
      };
    });
  const why = "the destination stores no manifest and generates one";

  test("has the manifest that the destination generates, and reports the change", async () => {
    const image = sampleImage();
    const result = await copyImage(await stored(image), generating(generated));
    const { digest } = generated;
    expect(result).toMatchObject({ digest, manifest: generated, alreadyThere: false });
    expect(result.changes).toEqual([{ from: image.manifest.digest, to: digest, reason: why }]);
  });

  test("has no change for the same manifest, and one change for the manifest that was put", async () => {
    const image = sampleImage();
    const same = await copyImage(await stored(image), generating(image.manifest));
    expect([same.digest, same.changes]).toEqual([image.manifest.digest, []]);
    const docker = { manifestMIMETypes: [dockerManifest] };
    const converted = await copyImage(
      await stored(image),
      generating((put) => put, docker),
    );
    const reason = `the destination does not accept ${ociManifest}`;
    expect(converted.changes).toMatchObject([{ to: converted.digest, reason }]);
    const both = await copyImage(await stored(image), generating(generated, docker));
    expect(both.changes).toMatchObject([{ to: generated.digest, reason: `${reason} and ${why}` }]);
    const unknown = await copyImage(
      await stored(image),
      generating(() => undefined),
    );
    expect([unknown.digest, unknown.changes]).toEqual([image.manifest.digest, []]);
  });

  test("reports the change for an image that the destination already generates", async () => {
    const image = sampleImage();
    for (const manifest of [generated, image.manifest]) {
      const to = taking({ preservesManifests: false }, () => ({
        tryReusingManifest: async (digest) => ({ digest, manifest }),
      }));
      const result = await copyImage(await stored(image), to);
      const { digest } = manifest;
      expect(result).toMatchObject({ alreadyThere: true, digest, referrers: 0 });
      const from = image.manifest.digest;
      expect(result.changes).toEqual(digest === from ? [] : [{ from, to: digest, reason: why }]);
    }
  });

  test("counts copied, reused and cloned blobs", async () => {
    const image = sampleImage({ layers: ["a", "bb", "ccc"] });
    const to = taking({}, () => ({
      tryReusingBlob: async ({ digest, size }) =>
        size > 3 || size === 1 ? undefined : { digest, size, cloned: size === 3 },
    }));
    const { blobs } = await copyImage(await stored(image), to);
    const config = [...image.blobs.values()].find(({ byteLength }) => byteLength > 3);
    expect(blobs).toEqual({
      copied: 2,
      copiedBytes: 1 + (config?.byteLength ?? 0),
      reused: 2,
      reusedBytes: 5,
      cloned: 1,
      clonedBytes: 3,
    });
  });

  test("has one reason for a planned change", async () => {
    const image = sampleImage({ layers: ["plain"], layerType: plainLayer });
    const { changes } = await copyImage(await stored(image), taking({ layers: "compress" }));
    expect(changes).toMatchObject([{ reason: "a layer is recompressed" }]);
  });

  test("is preceded by a notice about fields that the other type lacks, if `onNotice` is set", async () => {
    const image = sampleImage({ extra: { annotations: { a: "b" } } });
    const docker = { manifestMIMETypes: [dockerManifest] };
    const notices: Notice[] = [];
    const onNotice = (notice: Notice): void => void notices.push(notice);
    await copyImage(await stored(image), taking(docker), { onNotice });
    expect(notices).toMatchObject([
      { kind: "loss", text: expect.stringContaining("annotations") as string },
    ]);
    const { digest } = await copyImage(await stored(image), taking(docker));
    expect(digest).not.toBe(image.manifest.digest);
  });
});

describe("a blob that fails", () => {
  const busy = new ImageError("unavailable", "busy");

  test("is restarted up to the maximum, with and without a listener", async () => {
    for (const isListening of [true, false]) {
      const events: CopyEvent[] = [];
      let left = 1;
      const layer = digestOf(Buffer.from("one"));
      const to = taking({}, (real) => ({
        putBlob: (bytes, blob, options) =>
          blob.digest === layer && left-- > 0
            ? Promise.reject(busy)
            : real.putBlob(bytes, blob, options),
      }));
      const retries = new Retries({ maxAttempts: 2, initialDelay: 0 });
      const onEvent = isListening ? (event: CopyEvent) => void events.push(event) : undefined;
      await copyImage(await stored(sampleImage({ layers: ["one"] })), to, { retries, onEvent });
      const restarted = events.filter(({ kind }) => kind === "blob-restarted");
      expect(restarted).toEqual(isListening ? [{ kind: "blob-restarted", digest: layer }] : []);
    }
    let attempts = 0;
    const never = taking({ parallelBlobs: 1 }, () => ({
      putBlob: () => {
        if (++attempts > 10) throw new Error("tried for ever");
        return Promise.reject(busy);
      },
    }));
    const retries = new Retries({ maxAttempts: 3, initialDelay: 0 });
    const copy = copyImage(await stored(sampleImage({ layers: ["one"] })), never, { retries });
    await expect(copy).rejects.toBe(busy);
    expect(attempts).toBe(3);
  });
});

describe("a layer", () => {
  const content = Buffer.from(randomBytes(8000).toString("hex"));
  const chunk = 500;

  interface Reads {
    readonly reuseBuffers: boolean[];
    open: number;
  }

  /** A source that returns its layer in small chunks, and a record of its reads. */
  async function chunked(
    layer: Uint8Array,
    layerType: string,
    offers: Partial<SourceOffers> = {},
  ): Promise<{ readonly from: ImageReference; readonly reads: Reads }> {
    const reads: Reads = { reuseBuffers: [], open: 0 };
    const from = await stored(sampleImage({ layers: [layer], layerType }), (real) => ({
      offers: { ...real.offers, ...offers },
      async *getBlob(blob, options = {}) {
        if (blob.digest !== digestOf(layer) || options.range !== undefined) {
          yield* real.getBlob(blob, options);
          return;
        }
        reads.reuseBuffers.push(options.reuseBuffers === true);
        reads.open++;
        try {
          for (let at = 0; at < layer.byteLength; at += chunk)
            yield Buffer.from(layer.subarray(at, at + chunk));
        } finally {
          reads.open--;
        }
      },
    }));
    return { from, reads };
  }

  test.each([
    ["is read with reused buffers if the destination supports them", "preserve"],
    ["to compress is read with reused buffers if the destination supports them", "compress"],
  ] as const)("%s", async (_, layers) => {
    for (const reuseBuffers of [true, false]) {
      const { from, reads } = await chunked(content, plainLayer, { isLocal: false });
      await copyImage(from, taking({ layers, reuseBuffers }));
      expect(reads).toEqual({ reuseBuffers: [reuseBuffers], open: 0 });
    }
  });

  test("to compress is reread with reused buffers if the source is local", async () => {
    const { from, reads } = await chunked(content, plainLayer, { isLocal: true });
    await copyImage(from, taking({ layers: "compress", reuseBuffers: false }));
    expect(reads).toEqual({ reuseBuffers: [false, true], open: 0 });
  });

  test("is closed if the destination does not read it", async () => {
    for (const isLocal of [true, false]) {
      const { from, reads } = await chunked(content, plainLayer, { isLocal });
      const to = taking({ layers: "compress" }, (real) => ({
        putBlob: (bytes, blob, options) =>
          options?.isConfig
            ? real.putBlob(bytes, blob, options)
            : Promise.reject(new ImageError("denied", "no")),
      }));
      await expect(copyImage(from, to)).rejects.toMatchObject({ code: "denied" });
      await turns();
      expect(reads.open).toBe(0);
    }
  });

  test("to compress keeps its type and annotations", async () => {
    const infos: (readonly [BlobInfo, PutBlobOptions | undefined])[] = [];
    let replays: boolean | undefined;
    const recording = (accepts: Partial<DestinationAccepts>): ImageReference =>
      taking(accepts, (real) => ({
        putBlob: (bytes, blob, options) => {
          if (!options?.isConfig) replays = bytes.replay !== undefined;
          if (!options?.isConfig) infos.push([blob, options]);
          return real.putBlob(bytes, blob, options);
        },
      }));
    const { from } = await chunked(content, plainLayer);
    await copyImage(from, recording({ layers: "compress" }));
    const [[info, options] = []] = infos;
    expect(info).toMatchObject({ mediaType: plainLayer });
    expect(info?.digest).toBeUndefined();
    expect([options?.sizeHint, replays]).toEqual([undefined, false]);
  });

  test("to decompress has an expected size if the source is local", async () => {
    const gzip = gzipSync(content);
    const sizes: (number | undefined)[] = [];
    const to = (layers: DestinationAccepts["layers"]): ImageReference =>
      taking({ layers }, (real) => ({
        putBlob: (bytes, blob, options) => {
          if (!options?.isConfig) sizes.push(options?.sizeHint);
          return real.putBlob(bytes, blob, options);
        },
      }));
    for (const [bytes, type, layers] of [
      [gzip, `${plainLayer}+gzip`, "decompress"],
      [gzip, `${plainLayer}+gzip`, "preserve"],
      [content, plainLayer, "decompress"],
      [content, plainLayer, "compress"],
    ] as const) {
      const { from } = await chunked(bytes, type, { ranges: true, isLocal: true });
      await copyImage(from, to(layers));
    }
    expect(sizes).toEqual([content.byteLength, undefined, undefined, undefined]);
  });

  test("that decompresses to more than the limit is rejected, and the error contains its digest", async () => {
    const gzip = gzipSync(Buffer.alloc(100_000));
    const { from } = await chunked(gzip, `${plainLayer}+gzip`);
    const copy = copyImage(from, taking({ layers: "decompress" }), { maxLayerSize: 50_000 });
    await expect(copy).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(`The layer ${digestOf(gzip)}`) as string,
    });
  });
});
