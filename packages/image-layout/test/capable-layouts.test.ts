import { digestOf, isImageError, mediaTypes } from "@drayage/core";
import type { BlobLocation, Digest } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { putImage, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test, vi } from "vitest";

import { LayoutDestination, parseLayoutIndex } from "../src/index.ts";
import type { IndexChange, LayoutPresence, LayoutWriter } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const reference = memory().parseReference("in-a-layout");
const [one, list] = [await randomImage("one"), await randomIndex("list")];
const bytes = Buffer.from("content");
const blob = { digest: digestOf(bytes), size: bytes.byteLength, mediaType: "x" };
const stored = { digest: blob.digest, size: blob.size };
const location: BlobLocation = { transport: "shelf", scope: undefined, path: "/blobs/layer" };

async function opened(
  layout: LayoutWriter,
  name: string | undefined = "v1",
): Promise<LayoutDestination> {
  return LayoutDestination.open(reference, layout, { name });
}

async function write(layout: LayoutWriter, image: WholeImage, name?: string): Promise<void> {
  const destination = await opened(layout, name);
  await putImage(image, destination);
  await destination.commit();
}

function presence(more: Partial<LayoutPresence> = {}): LayoutPresence {
  return { hasManifest: async () => false, takesFirst: false, ...more };
}

/** A layout with optional members. */
function withAbilities<Abilities extends Partial<LayoutWriter>>(
  abilities: Abilities,
): BucketLayout & Abilities {
  return Object.assign(new BucketLayout(), abilities);
}

test("a layout accepts unchanged layers, compressed generated layers, URLs and referrers", async () => {
  const plain = await opened(new BucketLayout());
  expect(plain.accepts).toMatchObject({
    layers: "preserve",
    generatedLayers: "compress",
    foreignLayerURLs: true,
    referrers: true,
    parallelBlobs: 6,
  });
  const settings = { name: "v1", layers: "decompress" } as const;
  const decompressing = await LayoutDestination.open(reference, new BucketLayout(), settings);
  expect(decompressing.accepts).toMatchObject({
    layers: "decompress",
    generatedLayers: "decompress",
  });
});

describe("a blob at another location", () => {
  const layoutThatTakes = (takes: boolean, more: Partial<LayoutWriter> = {}) =>
    withAbilities({
      takeBlob: vi.fn<NonNullable<LayoutWriter["takeBlob"]>>(async () => takes),
      ...more,
    });

  test("is cloned by a store that supports it", async () => {
    const layout = layoutThatTakes(true);
    const destination = await opened(layout);
    const signal = new AbortController().signal;
    const reused = await destination.tryReusingBlob(blob, { location, signal });
    expect(reused).toEqual({ ...stored, cloned: true });
    expect(layout.takeBlob).toHaveBeenCalledExactlyOnceWith(stored, location, { signal });
  });

  test("is not cloned if the layout has it, unless the store takes blobs first", async () => {
    for (const takesFirst of [false, true]) {
      const layout = layoutThatTakes(true, { presence: presence({ takesFirst }) });
      layout.blobs.set(blob.digest, bytes);
      const reused = await (await opened(layout)).tryReusingBlob(blob, { location });
      expect(reused).toEqual(takesFirst ? { ...stored, cloned: true } : stored);
      expect(layout.takeBlob).toHaveBeenCalledTimes(takesFirst ? 1 : 0);
    }
  });

  test("is looked up in the layout if it cannot be cloned", async () => {
    for (const takesFirst of [false, true]) {
      const layout = layoutThatTakes(false, { presence: presence({ takesFirst }) });
      expect(await (await opened(layout)).tryReusingBlob(blob, { location })).toBeUndefined();
      layout.blobs.set(blob.digest, bytes);
      expect(await (await opened(layout)).tryReusingBlob(blob, { location })).toEqual(stored);
    }
    const plain = await opened(new BucketLayout());
    expect(await plain.tryReusingBlob(blob, { location })).toBeUndefined();
  });

  test("without a location is not cloned", async () => {
    const layout = layoutThatTakes(true);
    expect(await (await opened(layout)).tryReusingBlob(blob)).toBeUndefined();
    expect(layout.takeBlob).not.toHaveBeenCalled();
  });

  test("is reported where the store reports it", async () => {
    const locateBlob = vi.fn<(digest: Digest) => BlobLocation>(() => location);
    const destination = await opened(withAbilities({ locateBlob }));
    expect(destination.locateBlob(blob)).toBe(location);
    expect(locateBlob).toHaveBeenCalledExactlyOnceWith(blob.digest);
    expect(destination.locateBlob({})).toBeUndefined();
    expect((await opened(new BucketLayout())).locateBlob(blob)).toBeUndefined();
  });
});

describe("a layout that other users can write to", () => {
  test("reuses a blob only if it is intact", async () => {
    const isIntact = vi.fn<NonNullable<LayoutWriter["isIntact"]>>(async () => true);
    const layout = withAbilities({ isIntact });
    layout.blobs.set(blob.digest, bytes);
    const destination = await opened(layout);
    expect(await destination.tryReusingBlob(blob)).toEqual(stored);
    expect(isIntact).toHaveBeenCalledExactlyOnceWith(stored, {});
    isIntact.mockResolvedValue(false);
    expect(await destination.tryReusingBlob(blob)).toBeUndefined();
  });

  test("has no image with tampered layers", async () => {
    const tampered = new Set<Digest>();
    const layout = withAbilities({
      isIntact: async ({ digest }: { readonly digest: Digest }) => !tampered.has(digest),
    });
    await write(layout, one, "v1");
    const find = async (name?: string) => (await opened(layout, name)).resolve();
    expect([await find("v1"), await find("v2")]).toEqual([one.manifest.digest, undefined]);
    tampered.add([...one.blobs.keys()].at(-1)!);
    expect(await find("v1")).toBeUndefined();
  });
});

describe("a store with a record of what is present", () => {
  test("receives the same options, and its result is used", async () => {
    const hasManifest = vi.fn<LayoutPresence["hasManifest"]>(async () => true);
    const destination = await opened(withAbilities({ presence: presence({ hasManifest }) }));
    const { digest } = one.manifest;
    const options = { index: list.manifest.digest, signal: new AbortController().signal };
    expect(await destination.tryReusingManifest(digest, options)).toEqual({ digest });
    expect(hasManifest).toHaveBeenCalledExactlyOnceWith(digest, options);
    hasManifest.mockResolvedValue(false);
    expect(await destination.tryReusingManifest(digest)).toBeUndefined();
  });
});

describe("a commit", () => {
  test("before the manifest is a conflict that is not retryable", async () => {
    const layout = new BucketLayout();
    const commit = (await opened(layout)).commit();
    const failure = { code: "conflict", retryable: false, reference: "memory:in-a-layout" };
    await expect(commit).rejects.toMatchObject(failure);
    expect(layout.files.size).toBe(0);
  });

  test("checks reused blobs unless the store has a record of them", async () => {
    for (const hasRecord of [false, true]) {
      const layout = withAbilities(hasRecord ? { presence: presence() } : {});
      for (const [digest, content] of one.blobs) layout.blobs.set(digest, content);
      const destination = await opened(layout);
      const [[digest, content] = [blob.digest, bytes]] = one.blobs;
      await destination.tryReusingBlob({ digest, size: content.byteLength, mediaType: "x" });
      await destination.putManifest(one.manifest);
      layout.blobs.delete(digest);
      const outcome = await destination.commit().catch((error: unknown) => error);
      expect(isImageError(outcome, "conflict") && outcome.retryable).toBe(!hasRecord);
    }
  });

  test("passes on which of the present content the image needs", async () => {
    const layout = new BucketLayout();
    await write(layout, one, "before");
    layout.blobs.set(blob.digest, bytes);
    let reused: ReadonlySet<Digest> | undefined;
    const updateIndex = layout.updateIndex.bind(layout);
    const destination = await opened(
      Object.assign(layout, {
        async updateIndex(change: IndexChange) {
          reused = await change.findReused?.();
          await updateIndex(change);
        },
      }),
    );
    await destination.tryReusingBlob(blob);
    await destination.tryReusingManifest(one.manifest.digest);
    await destination.putManifest(one.manifest);
    await destination.commit();
    expect(reused).toEqual(new Set([blob.digest, one.manifest.digest, ...one.blobs.keys()]));
  });

  test("annotates a whole index for a store with a record of what is present", async () => {
    for (const hasRecord of [false, true]) {
      const layout = withAbilities(hasRecord ? { presence: presence() } : {});
      await write(layout, list, "list");
      await write(layout, one, "image");
      const { entries } = parseLayoutIndex(layout.files.get("index.json")!);
      const notes = entries.map(
        ({ annotations }) => (annotations as Record<string, unknown>)["io.drayage.instances"],
      );
      expect(notes).toEqual([hasRecord ? "all" : undefined, undefined]);
    }
  });

  test("does not annotate an incomplete index", async () => {
    const layout = withAbilities({ presence: presence() });
    const destination = await opened(layout);
    await destination.putManifest(list.manifest);
    await destination.commit();
    const [entry] = parseLayoutIndex(layout.files.get("index.json")!).entries;
    expect(entry?.["annotations"]).toEqual({ "org.opencontainers.image.ref.name": "v1" });
  });
});

describe("a manifest", () => {
  test("is stored with its digest, size and type", async () => {
    const layout = new BucketLayout();
    const puts = vi.spyOn(layout, "putBlob");
    await (await opened(layout)).putManifest(one.manifest);
    const { digest, mediaType } = one.manifest;
    expect(puts.mock.calls.map(([, info]) => info)).toEqual([
      { digest, mediaType, size: one.manifest.bytes.byteLength },
    ]);
  });

  test("may have a type with a parameter, or no type", async () => {
    const { bytes: content, mediaType, digest } = one.manifest;
    for (const type of [`${mediaType}; charset=utf-8`, undefined]) {
      const layout = new BucketLayout();
      const destination = await opened(layout);
      await destination.putManifest({ bytes: content, mediaType: type });
      await destination.commit();
      const [entry] = parseLayoutIndex(layout.files.get("index.json")!).entries;
      expect(entry).toMatchObject({ digest, mediaType });
    }
  });

  test("of another type is rejected with the reference of the image", async () => {
    const manifest = { bytes: Buffer.from("{}"), mediaType: mediaTypes.dockerSchema1Signed };
    await expect((await opened(new BucketLayout())).putManifest(manifest)).rejects.toMatchObject({
      code: "manifest-rejected",
      reference: "memory:in-a-layout",
    });
  });
});

test("the destination closes its store, and changes nothing without a commit", async () => {
  const layout = new BucketLayout();
  {
    await using destination = await opened(layout);
    await destination.putBlob(streamOf(bytes), {});
    expect(layout.isDisposed).toBe(false);
  }
  expect(layout.isDisposed).toBe(true);
  expect(layout.files.size).toBe(0);
});
