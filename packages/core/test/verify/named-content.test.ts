import { describe, expect, test, vi } from "vitest";

import type { BlobLocation } from "../../src/contract/blob-info.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import type { VerifyEvent } from "../../src/verify/verify-event.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import type { VerifyOptions } from "../../src/verify/verify-options.ts";
import { altered } from "../altered-reference.ts";
import { arm, linux, rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { several, stored } from "./stored-images.ts";

const { ociManifest, ociIndex, ociArtifact } = mediaTypes;
const one = sampleImage({ layers: ["one", "a longer one", "mid"] });
const other = sampleImage({ platform: arm, layers: ["other"] });

/** An image without its blobs. */
const empty = (image: SampleImage): SampleImage => ({
  ...image,
  blobs: new Map(),
  instances: image.instances.map(empty),
});

async function problems(
  reference: ImageReference,
  options?: VerifyOptions,
): Promise<readonly string[]> {
  const found = await verifyImage(reference, options);
  return found.problems.map(({ kind, part }) => `${kind} ${part}`).toSorted();
}

describe("each part has its name:", () => {
  test("config and layers of an image", async () => {
    const missing = ["missing config", "missing layer", "missing layer", "missing layer"];
    expect(await problems(await stored(empty(one)))).toEqual(missing);
  });

  test("blobs of an artifact, and of an index", async () => {
    const blob = { mediaType: "a/b", digest: digestOf(Buffer.from("x")), size: 1 };
    const artifact = rawManifest({ mediaType: ociArtifact, artifactType: "a/b", blobs: [blob] });
    const ofArtifact = await stored({ manifest: artifact, blobs: new Map(), instances: [] });
    expect(await problems(ofArtifact)).toEqual(["missing blob"]);
    const { manifest } = sampleIndex([one], ociIndex);
    const entries = JSON.parse(Buffer.from(manifest.bytes).toString()) as { manifests: object[] };
    const mixed = rawManifest({
      ...entries,
      mediaType: ociIndex,
      manifests: [...entries.manifests, blob],
    });
    const index = await stored({ manifest: mixed, blobs: new Map(), instances: [one] });
    expect(await problems(index)).toEqual(["missing blob"]);
    expect(await problems(index, { instances: { platforms: [linux] } })).toEqual([]);
  });
});

describe("of several images of one layout", () => {
  test("all are verified, shared parts once", async () => {
    const shared = sampleImage({ platform: arm, layers: ["one"] });
    const result = await verifyImage(several(await stored(one, "a"), await stored(shared, "b")));
    expect(result).toMatchObject({ images: 2, manifests: { count: 2 }, problems: [] });
    expect(result.read.count).toBe(5);
    const twice = await verifyImage(several(await stored(one, "a"), await stored(one, "b")));
    expect(twice).toMatchObject({ images: 2, manifests: { count: 1 }, read: { count: 4 } });
  });

  test("a missing one is a problem, and the others are verified", async () => {
    const gone = await stored(other, "gone");
    const missing = altered(gone, {
      source: { getManifest: () => Promise.reject(new ImageError("not-found", "gone")) },
    });
    const result = await verifyImage(several(await stored(one, "a"), missing));
    expect(result.problems).toMatchObject([
      { kind: "missing", part: "manifest", digest: undefined, size: undefined, namedBy: [] },
    ]);
    expect(result.read.count).toBe(4);
  });

  test("the platforms do not matter", async () => {
    const references = [await stored(one, "a"), await stored(other, "b")];
    const instances = { platforms: [linux] };
    expect(await problems(several(...references), { instances })).toEqual([]);
    const alone = verifyImage(await stored(other), { instances });
    await expect(alone).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a manifest", () => {
  const pinned = (reference: ImageReference, digest: Digest): ImageReference =>
    altered(reference, {
      source: (real) => ({
        reference: Object.create(real.reference, {
          dockerReference: { value: { digest } },
        }) as ImageReference,
      }),
    });

  test("has the digest of the reference and the digest that the source returns", async () => {
    const reference = await stored(one);
    expect(await problems(pinned(reference, one.manifest.digest))).toEqual([]);
    expect(await problems(pinned(reference, other.manifest.digest))).toEqual([
      "wrong-digest manifest",
    ]);
    const lying = altered(reference, {
      source: { getManifest: async () => ({ ...one.manifest, digest: other.manifest.digest }) },
    });
    const result = await verifyImage(lying);
    expect(result).toMatchObject({ manifests: { count: 0 }, read: { count: 0 } });
    expect(result.problems).toMatchObject([
      { kind: "wrong-digest", digest: other.manifest.digest, image: "memory:sample" },
    ]);
  });

  test("that is referenced with two sizes has one problem and is read once", async () => {
    const { digest, bytes } = one.manifest;
    const listing = (size: number, mark: string): SampleImage => {
      const manifests = [{ mediaType: ociManifest, digest, size, platform: linux }];
      const annotations = { mark };
      const manifest = rawManifest({
        schemaVersion: 2,
        mediaType: ociIndex,
        manifests,
        annotations,
      });
      return { manifest, blobs: new Map(), instances: [one] };
    };
    const [right, wrong] = [listing(bytes.byteLength, "1"), listing(bytes.byteLength + 1, "2")];
    for (const order of [
      [right, wrong],
      [wrong, right],
    ]) {
      const getManifest = vi.fn<(of: Digest | undefined) => void>();
      const reference = altered(await stored(sampleIndex(order)), {
        source: (real) => ({
          getManifest: async (of, options) => {
            getManifest(of);
            return real.getManifest(of, options);
          },
        }),
      });
      const result = await verifyImage(reference);
      const asked = getManifest.mock.calls.map(([of]) => of);
      expect(asked.filter((of) => of === digest)).toHaveLength(1);
      expect(result.problems).toMatchObject([{ kind: "wrong-size", part: "manifest", digest }]);
    }
    expect(await problems(await stored(sampleIndex([right, { ...right, platform: arm }])))).toEqual(
      [],
    );
  });

  test("that several indexes reference has one problem with all of them", async () => {
    const inner = ["1", "2"].map((mark) => sampleIndex([one], ociIndex, { annotations: { mark } }));
    const reference = altered(await stored(sampleIndex(inner)), {
      source: (real) => ({
        getManifest: async (of, options) =>
          of === one.manifest.digest ? other.manifest : real.getManifest(of, options),
      }),
    });
    const result = await verifyImage(reference);
    expect(result.problems).toHaveLength(1);
    expect(new Set(result.problems[0]?.namedBy)).toEqual(
      new Set(inner.map(({ manifest }) => manifest.digest)),
    );
  });

  test("and a blob have the location that the source returns", async () => {
    const locateBlob: ImageSource["locateBlob"] = ({ digest }): BlobLocation => ({
      transport: "shelf",
      scope: undefined,
      path: `/${digest}`,
    });
    const [layer] = one.blobs.keys();
    const reference = altered(await stored(empty(sampleIndex([one]))), { source: { locateBlob } });
    const result = await verifyImage(reference);
    expect(result.problems.find(({ digest }) => digest === layer)?.location).toEqual({
      transport: "shelf",
      scope: undefined,
      path: `/${layer}`,
    });
  });
});

describe("blobs", () => {
  test("are read the largest first, up to the limit in parallel", async () => {
    for (const [offered, asked, expected] of [
      [1, undefined, 1],
      [6, 1, 1],
      [2, 6, 2],
    ] as const) {
      let [open, most] = [0, 0];
      const sizes: (number | undefined)[] = [];
      const reference = altered(await stored(one), {
        source: (real) => ({
          offers: { ...real.offers, parallelBlobs: offered },
          async *getBlob(blob, options) {
            sizes.push(blob.size);
            most = Math.max(most, ++open);
            await new Promise(setImmediate);
            yield* real.getBlob(blob, options);
            open--;
          },
        }),
      });
      const parallelBlobs = asked === undefined ? {} : { parallelBlobs: asked };
      expect(await problems(reference, parallelBlobs)).toEqual([]);
      expect(most).toBe(expected);
      expect(sizes).toEqual(sizes.toSorted((a, b) => Number(b) - Number(a)));
    }
  });

  test("are reported one by one with their outcome", async () => {
    const [[first, bytes] = [other.manifest.digest, Buffer.of()], [second] = [undefined]] =
      one.blobs;
    const known = altered(await stored(empty(one)), {
      source: ({ offers }) => ({
        offers: { ...offers, storedDigests: true },
        statBlob: async ({ digest, size = 0 }) =>
          digest === first ? { digest, size: bytes.byteLength } : { size },
      }),
    });
    const events: VerifyEvent[] = [];
    const result = await verifyImage(known, { onEvent: (event) => void events.push(event) });
    const checked = events.filter((event) => event.kind === "blob-checked");
    expect(checked).toHaveLength(4);
    expect(checked.find(({ blob }) => blob.digest === first)?.outcome).toBe("stored");
    expect(checked.find(({ blob }) => blob.digest === second)?.outcome).toBe("problem");
    const reported = events.flatMap((event) => (event.kind === "problem" ? event.problem : []));
    expect(new Set(reported)).toEqual(new Set(result.problems));
    const started = events.flatMap((event) => (event.kind === "blob-started" ? event : []));
    expect(started.map(({ isConfig }) => isConfig)).toEqual([false, false, false]);
  });

  test("are read with reused buffers and without their external URLs", async () => {
    const urls = ["https://away.example/x"];
    const bytes = Buffer.from("x");
    const layer = { mediaType: "a/b", digest: digestOf(bytes), size: 1, urls };
    const image = sampleImage({ layers: ["x"], extra: { layers: [layer] } });
    const asked: unknown[] = [];
    const reference = altered(await stored(image), {
      source: (real) => ({
        getBlob: (blob, options) => {
          if (blob.digest === layer.digest) asked.push(blob, options?.reuseBuffers);
          return real.getBlob(blob, options);
        },
      }),
    });
    expect(await problems(reference)).toEqual([]);
    const { urls: _, ...plain } = layer;
    expect(asked).toEqual([plain, true]);
  });
});
