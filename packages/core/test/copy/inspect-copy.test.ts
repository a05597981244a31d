import { describe, expect, test, vi } from "vitest";

import type { BlobInfoCache } from "../../src/contract/blob-info-cache.ts";
import type { BlobLocation } from "../../src/contract/blob-info.ts";
import type { ImageDestination } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import type { CopyFacts } from "../../src/copy/copy-facts.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { inspectCopy } from "../../src/copy/inspect-copy.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { altered } from "../altered-reference.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

type Resolve = NonNullable<ImageDestination["resolve"]>;
type TryReusing = NonNullable<ImageDestination["tryReusingManifest"]>;

const image = sampleImage();
const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
const { digest } = image.manifest;
const [first, second] = index.instances.map(({ manifest }) => manifest.digest);
const none = digestOf(Buffer.from("none"));
const location = (of: Digest | undefined): BlobLocation => ({
  transport: "shelf",
  scope: undefined,
  path: `/${of}`,
});

/** Inspects a copy to a destination with these methods, from a source that locates each manifest. */
async function inspected(
  from: SampleImage,
  destination: { readonly [Name in keyof ImageDestination]?: ImageDestination[Name] | undefined },
  options: CopyOptions = {},
  source: Partial<ImageSource> = {},
): Promise<CopyFacts> {
  const stored = memory().parseReference("from");
  await write(from, stored);
  const locateBlob: ImageSource["locateBlob"] = ({ digest: of }) => location(of);
  const left = altered(stored, { source: { locateBlob, ...source } });
  const right = altered(memory().parseReference("to"), {
    destination: destination as Partial<ImageDestination>,
  });
  await using reading = await left.newImageSource();
  await using writing = await right.newImageDestination?.();
  if (writing === undefined) throw new Error("cannot be written to");
  return await inspectCopy(reading, writing, { instances: "all", ...options });
}

/** A destination that has these manifests, and records the calls. */
function answering(...there: readonly (Digest | undefined)[]): {
  readonly resolve: ReturnType<typeof vi.fn<Resolve>>;
  readonly tryReusingManifest: ReturnType<typeof vi.fn<TryReusing>>;
} {
  return {
    resolve: vi.fn<Resolve>(async () => undefined),
    tryReusingManifest: vi.fn<TryReusing>(async (wanted) =>
      there.includes(wanted) ? { digest: wanted } : undefined,
    ),
  };
}

describe("a destination without an image under its name", () => {
  test("looks for the manifest under other names, with its location and content", async () => {
    const asked = answering();
    const facts = await inspected(image, asked);
    expect(facts).toMatchObject({ currentDigest: undefined, isNew: true });
    expect([facts.present, facts.reusable]).toEqual([new Set(), new Set()]);
    expect(facts).toMatchObject({ source: "memory:from", destination: "memory:to", referrers: [] });
    expect(asked.tryReusingManifest.mock.calls).toMatchObject([
      [digest, { location: location(digest), manifest: parseManifest(image.manifest) }],
    ]);
    expect(asked.tryReusingManifest.mock.calls[0]?.[1]?.index).toBeUndefined();
  });

  test("is new only if it has no part of the image", async () => {
    const facts = await inspected(image, answering(digest));
    expect(facts.isNew).toBe(false);
    expect([facts.present, facts.reusable]).toEqual([new Set([digest]), new Set([digest])]);
  });

  test("is sent a reused manifest with `mustBePut`", async () => {
    const tryReusingManifest = async (wanted: Digest) => ({ digest: wanted, mustBePut: true });
    const facts = await inspected(image, { ...answering(), tryReusingManifest });
    expect([facts.present, facts.reusable]).toEqual([new Set([digest]), new Set()]);
  });

  test("looks for the instances of an index only if it has the index", async () => {
    const without = answering(first);
    expect((await inspected(index, without)).present).toEqual(new Set());
    expect(without.tryReusingManifest).toHaveBeenCalledTimes(1);
    const whole = answering(index.manifest.digest, first);
    const { present } = await inspected(index, whole);
    expect(present).toEqual(new Set([index.manifest.digest, first]));
    expect(whole.tryReusingManifest.mock.calls.slice(1)).toMatchObject(
      [first, second].map((of) => [of, { index: index.manifest.digest, location: location(of) }]),
    );
    for (const [, how] of whole.tryReusingManifest.mock.calls.slice(1))
      expect(how?.manifest).toBeUndefined();
  });
});

describe("a destination with an image under its name", () => {
  test("does not look for the manifest if it is the same", async () => {
    const asked = { ...answering(), resolve: async () => digest };
    const facts = await inspected(image, asked);
    expect(facts).toMatchObject({
      currentDigest: digest,
      isNew: false,
      present: new Set([digest]),
    });
    expect(facts.reusable).toEqual(new Set());
    expect(asked.tryReusingManifest).not.toHaveBeenCalled();
  });

  test("is not new if the image differs", async () => {
    const facts = await inspected(image, { ...answering(), resolve: async () => none });
    expect(facts).toMatchObject({ currentDigest: none, isNew: false, present: new Set() });
  });

  test("is not asked if the image is to be repaired", async () => {
    const asked = answering(digest);
    const facts = await inspected(image, asked, { repair: true });
    expect(facts).toMatchObject({
      currentDigest: undefined,
      present: new Set(),
      reusable: new Set(),
    });
    expect(facts.isNew).toBeUndefined();
    expect(asked.resolve).not.toHaveBeenCalled();
    expect(asked.tryReusingManifest).not.toHaveBeenCalled();
  });
});

describe("the manifest is not looked for under other names", () => {
  test("if it will change", async () => {
    const asked = answering(digest);
    await inspected(image, asked, { manifestMIMEType: mediaTypes.dockerManifest });
    expect(asked.tryReusingManifest).not.toHaveBeenCalled();
  });

  test("if the reference contains its digest", async () => {
    const asked = answering(digest);
    const reference = Object.create(memory().parseReference("to"), {
      dockerReference: { value: { digest } },
    }) as ImageReference;
    const facts = await inspected(image, { ...asked, reference });
    expect(facts.pinned).toBe(digest);
    expect(asked.tryReusingManifest).not.toHaveBeenCalled();
  });

  test("if the destination cannot look for it", async () => {
    const facts = await inspected(image, { resolve: undefined, tryReusingManifest: undefined });
    expect(facts).toMatchObject({ currentDigest: undefined, present: new Set() });
    expect(facts.isNew).toBeUndefined();
    const named = await inspected(index, {
      resolve: async () => index.manifest.digest,
      tryReusingManifest: undefined,
    });
    expect(named.present).toEqual(new Set([index.manifest.digest]));
  });
});

describe("a destination that generates manifests", () => {
  const { manifest: same } = sampleImage({ extra: { annotations: { a: "b" } } });
  const accepts: ImageDestination["accepts"] = {
    manifestMIMETypes: undefined,
    preservesManifests: false,
    layers: "preserve",
    foreignLayerURLs: false,
    signatures: true,
    parallelBlobs: 6,
  };
  const generating = (): ReturnType<typeof answering> & Pick<ImageDestination, "accepts"> => ({
    ...answering(),
    tryReusingManifest: vi.fn<TryReusing>(async (wanted) => ({ digest: wanted, manifest: same })),
    accepts,
  });

  test("only looks for the same image", async () => {
    const asked = generating();
    const facts = await inspected(image, asked);
    expect(facts).toMatchObject({ currentDigest: undefined, present: new Set() });
    expect(facts.existing).toEqual({ ...same, digest: digestOf(same.bytes) });
    expect(asked.tryReusingManifest.mock.calls).toMatchObject([
      [digest, { manifest: parseManifest(image.manifest) }],
    ]);
    expect(asked.resolve).not.toHaveBeenCalled();
  });

  test("returns no same image for an index, for a signed image, or if it has none", async () => {
    const ofIndex = generating();
    expect((await inspected(index, ofIndex)).existing).toBeUndefined();
    const signed = generating();
    const getSignatures = async () => [
      { kind: "simple-signing", bytes: Buffer.from("x") } as const,
    ];
    expect((await inspected(image, signed, {}, { getSignatures })).existing).toBeUndefined();
    for (const { tryReusingManifest } of [ofIndex, signed])
      expect(tryReusingManifest).not.toHaveBeenCalled();
    const empty = { ...answering(), accepts };
    expect((await inspected(image, empty)).existing).toBeUndefined();
  });
});

describe("a cache", () => {
  const lookUp = vi.fn<BlobInfoCache["lookUp"]>(async () => new Map());
  const cache = { lookUp, record: async () => {} };
  const locateBlob: ImageDestination["locateBlob"] = () => ({
    transport: "shelf",
    scope: "to.example",
    path: "a",
  });

  test("looks up all blobs of the image if some may have to be sent", async () => {
    lookUp.mockClear();
    const facts = await inspected(image, { ...answering(), locateBlob }, { cache });
    expect(facts.cachedBlobs).toEqual(new Map());
    expect(new Set(lookUp.mock.calls[0]?.[0])).toEqual(new Set(image.blobs.keys()));
  });

  test.each(["sha256", "sha512"] as const)(
    "offers only compressed forms with the algorithm of new digests: %s",
    async (digestAlgorithm) => {
      const [layer] = image.blobs.keys();
      const bytes = Buffer.from("compressed");
      const forms = (["sha256", "sha512"] as const).map((algorithm) => ({
        digest: digestOf(bytes, algorithm),
        size: bytes.byteLength,
        compression: "gzip" as const,
      }));
      const known: BlobInfoCache = {
        lookUp: async () => new Map(layer && [[layer, { compressed: forms, paths: [] }]]),
        record: async () => {},
      };
      const options = { cache: known, digestAlgorithm };
      const { cachedBlobs } = await inspected(image, { ...answering(), locateBlob }, options);
      expect(layer && cachedBlobs?.get(layer)?.compressed).toEqual([
        expect.objectContaining({ digest: digestOf(bytes, digestAlgorithm) }),
      ]);
    },
  );

  test("is not used if there may be nothing to copy", async () => {
    lookUp.mockClear();
    const facts = await inspected(image, { ...answering(digest), locateBlob }, { cache });
    expect(facts.cachedBlobs).toBeUndefined();
    expect(lookUp).not.toHaveBeenCalled();
  });
});
