import { mediaTypes } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { descriptorOf, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test, vi } from "vitest";

import type { LayoutPresence, LayoutWriter } from "../src/index.ts";
import { PresentManifests } from "../src/present-manifests.ts";
import { BucketLayout } from "./bucket-layout.ts";

const index = await randomIndex("index");
const nested = await randomIndex("nested", { nested: true });
const image = await randomImage("image");

/** A layout that contains these images. */
class FilledLayout extends BucketLayout {
  constructor(...images: readonly WholeImage[]) {
    super();
    for (const { manifest, instances, blobs } of images) {
      for (const { digest, bytes } of [manifest, ...instances]) this.blobs.set(digest, bytes);
      for (const [digest, bytes] of blobs) this.blobs.set(digest, bytes);
    }
  }
}

async function found(layout: LayoutWriter, digests: readonly Digest[]): Promise<PresentManifests> {
  const present = new PresentManifests(layout);
  for (const digest of digests) await present.has(digest, {});
  return present;
}

const digestsOf = ({ instances }: WholeImage): readonly Digest[] =>
  instances.map(({ digest }) => digest);

function described(bytes: Uint8Array, digest: Digest, mediaType: string): Descriptor {
  return { digest, mediaType, size: bytes.byteLength };
}

describe("a manifest is present", () => {
  test("with everything it references", async () => {
    const layout = new FilledLayout(image);
    const present = new PresentManifests(layout);
    expect(await present.has(image.manifest.digest, {})).toBe(true);
    expect(await present.has(index.manifest.digest, {})).toBe(false);
    const [blob] = image.blobs.keys();
    layout.blobs.delete(blob!);
    expect(await present.has(image.manifest.digest, {})).toBe(false);
  });

  test("if the store's own method reports it, which receives the same options", async () => {
    const hasManifest = vi.fn<LayoutPresence["hasManifest"]>(async () => true);
    const presence = { hasManifest, takesFirst: false };
    const present = new PresentManifests(Object.assign(new FilledLayout(), { presence }));
    const options = { index: index.manifest.digest };
    expect(await present.has(image.manifest.digest, options)).toBe(true);
    expect(hasManifest).toHaveBeenCalledExactlyOnceWith(image.manifest.digest, options);
  });
});

describe("an index is whole", () => {
  const parsed = parseManifest(index.manifest);

  test("if all its instances were found", async () => {
    const present = await found(new FilledLayout(index), digestsOf(index));
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(true);
  });

  test("but not if an instance was not looked up, or is absent", async () => {
    const [first, ...others] = digestsOf(index);
    const layout = new FilledLayout(index);
    const present = await found(layout, others);
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(false);
    layout.blobs.delete(first!);
    const missing = await found(layout, digestsOf(index));
    expect(missing.isWholeIndex(descriptorOf(index), parsed)).toBe(false);
  });

  test("if its instances were put; an image is never a whole index", async () => {
    const present = new PresentManifests(new FilledLayout());
    for (const { bytes, digest, mediaType } of index.instances) {
      const manifest = parseManifest({ bytes, mediaType });
      expect(present.isWholeIndex(described(bytes, digest, mediaType), manifest)).toBe(false);
    }
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(true);
  });

  test("with a nested index only if that was put: one that was found may be incomplete", async () => {
    const inner = nested.instances.filter(({ mediaType }) => mediaType === mediaTypes.ociIndex);
    expect(inner).not.toEqual([]);
    const outer = parseManifest(nested.manifest);
    const present = await found(new FilledLayout(nested), digestsOf(nested));
    expect(present.isWholeIndex(descriptorOf(nested), outer)).toBe(false);
    for (const { bytes, digest, mediaType } of inner) {
      const manifest = parseManifest({ bytes, mediaType });
      expect(present.isWholeIndex(described(bytes, digest, mediaType), manifest)).toBe(true);
    }
    expect(present.isWholeIndex(descriptorOf(nested), outer)).toBe(true);
  });
});

test("an index with an incomplete nested index is not whole", () => {
  const present = new PresentManifests(new FilledLayout());
  const put = ({ bytes, digest, mediaType }: WholeImage["instances"][number]): boolean =>
    present.isWholeIndex(described(bytes, digest, mediaType), parseManifest({ bytes, mediaType }));
  const isIndex = ({ mediaType }: { mediaType: string }) => mediaType === mediaTypes.ociIndex;
  const images = nested.instances.filter((one) => !isIndex(one));
  const inner = nested.instances.filter(isIndex);
  expect(inner.map(put)).toEqual(inner.map(() => false));
  for (const one of images) put(one);
  expect(present.isWholeIndex(descriptorOf(nested), parseManifest(nested.manifest))).toBe(false);
});

describe("a manifest that an image needs", () => {
  test("is kept with everything it references", async () => {
    const layout = new FilledLayout(index, image);
    const present = await found(layout, [...digestsOf(index), image.manifest.digest]);
    present.isWholeIndex(descriptorOf(index), parseManifest(index.manifest));
    expect(await present.findNeeded({})).toEqual(
      new Set([...digestsOf(index), ...index.blobs.keys()]),
    );
  });

  test("is reported if it was deleted, or a blob of it", async () => {
    const layout = new FilledLayout(index);
    const present = await found(layout, digestsOf(index));
    present.isWholeIndex(descriptorOf(index), parseManifest(index.manifest));
    expect(await present.findLost({})).toBeUndefined();
    const [[blob, bytes] = []] = index.blobs;
    layout.blobs.delete(blob!);
    expect(digestsOf(index)).toContain(await present.findLost({}));
    layout.blobs.set(blob!, bytes!);
    expect(await present.findLost({})).toBeUndefined();
    const [first] = digestsOf(index);
    layout.blobs.delete(first!);
    expect(await present.findLost({})).toBe(first);
  });

  test("is not one that was found but not referenced", async () => {
    const layout = new FilledLayout(image);
    const present = await found(layout, [image.manifest.digest]);
    layout.blobs.clear();
    expect(await present.findLost({})).toBeUndefined();
    expect(await present.findNeeded({})).toEqual(new Set());
  });
});
