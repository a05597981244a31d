import { mediaTypes } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { descriptorOf, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test, vi } from "vitest";

import type { LayoutWriter } from "../src/index.ts";
import { PresentManifests } from "../src/present-manifests.ts";
import { BucketLayout } from "./bucket-layout.ts";

const index = await randomIndex("index");
const nested = await randomIndex("nested", { nested: true });
const image = await randomImage("image");

/** A layout that has all of these, and is told what stays. */
class KeepingLayout extends BucketLayout {
  readonly kept = new Set<Digest>();

  constructor(...images: readonly WholeImage[]) {
    super();
    for (const { manifest, instances, blobs } of images) {
      for (const { digest, bytes } of [manifest, ...instances]) this.blobs.set(digest, bytes);
      for (const [digest, bytes] of blobs) this.blobs.set(digest, bytes);
    }
  }

  keepBlob(digest: Digest): void {
    this.kept.add(digest);
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

describe("a manifest is there", () => {
  test("with all that it names", async () => {
    const layout = new KeepingLayout(image);
    const present = new PresentManifests(layout);
    expect(await present.has(image.manifest.digest, {})).toBe(true);
    expect(await present.has(index.manifest.digest, {})).toBe(false);
    const [blob] = image.blobs.keys();
    layout.blobs.delete(blob!);
    expect(await present.has(image.manifest.digest, {})).toBe(false);
  });

  test("where a store says so itself, which is asked as it was asked here", async () => {
    const hasManifest = vi.fn<NonNullable<LayoutWriter["hasManifest"]>>(async () => true);
    const present = new PresentManifests(Object.assign(new KeepingLayout(), { hasManifest }));
    const options = { index: index.manifest.digest };
    expect(await present.has(image.manifest.digest, options)).toBe(true);
    expect(hasManifest).toHaveBeenCalledExactlyOnceWith(image.manifest.digest, options);
  });
});

describe("an index is whole", () => {
  const parsed = parseManifest(index.manifest);

  test("where all of its instances were found", async () => {
    const present = await found(new KeepingLayout(index), digestsOf(index));
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(true);
  });

  test("and not where one was not looked for, or is not there", async () => {
    const [first, ...others] = digestsOf(index);
    const layout = new KeepingLayout(index);
    const present = await found(layout, others);
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(false);
    layout.blobs.delete(first!);
    const missing = await found(layout, digestsOf(index));
    expect(missing.isWholeIndex(descriptorOf(index), parsed)).toBe(false);
  });

  test("where its instances were put, and an image is none", async () => {
    const present = new PresentManifests(new KeepingLayout());
    for (const { bytes, digest, mediaType } of index.instances) {
      const manifest = parseManifest({ bytes, mediaType });
      expect(present.isWholeIndex(described(bytes, digest, mediaType), manifest)).toBe(false);
    }
    expect(present.isWholeIndex(descriptorOf(index), parsed)).toBe(true);
  });

  test("with an index in it only where that was put whole, as one that is found may not be", async () => {
    const inner = nested.instances.filter(({ mediaType }) => mediaType === mediaTypes.ociIndex);
    expect(inner).not.toEqual([]);
    const outer = parseManifest(nested.manifest);
    const present = await found(new KeepingLayout(nested), digestsOf(nested));
    expect(present.isWholeIndex(descriptorOf(nested), outer)).toBe(false);
    for (const { bytes, digest, mediaType } of inner) {
      const manifest = parseManifest({ bytes, mediaType });
      expect(present.isWholeIndex(described(bytes, digest, mediaType), manifest)).toBe(true);
    }
    expect(present.isWholeIndex(descriptorOf(nested), outer)).toBe(true);
  });
});

test("an index in which another is not whole is not whole", () => {
  const present = new PresentManifests(new KeepingLayout());
  const put = ({ bytes, digest, mediaType }: WholeImage["instances"][number]): boolean =>
    present.isWholeIndex(described(bytes, digest, mediaType), parseManifest({ bytes, mediaType }));
  const isIndex = ({ mediaType }: { mediaType: string }) => mediaType === mediaTypes.ociIndex;
  const images = nested.instances.filter((one) => !isIndex(one));
  const inner = nested.instances.filter(isIndex);
  expect(inner.map(put)).toEqual(inner.map(() => false));
  for (const one of images) put(one);
  expect(present.isWholeIndex(descriptorOf(nested), parseManifest(nested.manifest))).toBe(false);
});

describe("what an image relies on", () => {
  test("is kept with all under it, and nothing else that was found", async () => {
    const layout = new KeepingLayout(index, image);
    const present = await found(layout, [...digestsOf(index), image.manifest.digest]);
    present.isWholeIndex(descriptorOf(index), parseManifest(index.manifest));
    await present.keep({});
    expect(layout.kept).toEqual(new Set([...digestsOf(index), ...index.blobs.keys()]));
  });

  test("is missed where it is gone, or something that it names", async () => {
    const layout = new KeepingLayout(index);
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

  test("is not what was found and named by nothing", async () => {
    const layout = new KeepingLayout(image);
    const present = await found(layout, [image.manifest.digest]);
    layout.blobs.clear();
    expect(await present.findLost({})).toBeUndefined();
    await present.keep({});
    expect(layout.kept.size).toBe(0);
  });
});
