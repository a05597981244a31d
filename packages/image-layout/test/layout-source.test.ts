import { mediaTypes } from "@drayage/core";
import type { Descriptor, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { descriptorOf, randomArtifact, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import {
  emptyIndex,
  formatLayoutIndex,
  LayoutDestination,
  layoutFile,
  LayoutSource,
  withImage,
} from "../src/index.ts";
import type { ImageSelector } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const reference: ImageReference = memory().parseReference("in-a-layout");
const only: ImageSelector = { kind: "only" };
const named = (name: string): ImageSelector => ({ kind: "name", name });

/** A layout with the blobs and manifests of images, and without `index.json`. */
function withBlobs(...images: readonly WholeImage[]): BucketLayout {
  const layout = new BucketLayout();
  for (const { manifest, instances, blobs } of images) {
    for (const { digest, bytes } of [manifest, ...instances]) layout.blobs.set(digest, bytes);
    for (const [digest, bytes] of blobs) layout.blobs.set(digest, bytes);
  }
  return layout;
}

function index(layout: BucketLayout, ...images: readonly (readonly [Descriptor, string?])[]): void {
  const entries = images.reduce((sum, [image, name]) => withImage(sum, image, name), emptyIndex);
  layout.files.set("index.json", formatLayoutIndex(entries));
}

const [one, two] = [await randomImage("one"), await randomImage("two")];
const [first, second] = [descriptorOf(one), descriptorOf(two)];

describe("an image is found", () => {
  const layout = withBlobs(one, two);
  index(layout, [first, "v1"], [first, "v2"], [second, "v3"], [second]);
  test.each([
    [named("v1"), one],
    [named("v2"), one],
    [named("v3"), two],
    [{ kind: "position", position: 0 }, one],
    [{ kind: "position", position: 3 }, two],
  ] as const)("%j", async (selector, image) => {
    await using source = await LayoutSource.open(reference, layout, selector);
    expect(await source.getManifest()).toEqual(image.manifest);
    expect(source.reference).toBe(reference);
  });
});

test("the only image needs no name", async () => {
  const layout = withBlobs(one);
  index(layout, [first, "v1"]);
  const source = await LayoutSource.open(reference, layout, only);
  expect(await source.getManifest()).toEqual(one.manifest);
});

test.each([
  [named("v4"), "v1, v2"],
  [named("latst"), "did you mean latest?"],
  [only, "v1, v2, latest"],
  [{ kind: "position", position: 4 }, "@0 to @3"],
] as const)("the error for an absent %j lists the available images", async (selector, message) => {
  const layout = withBlobs(one, two);
  index(layout, [first, "v1"], [first, "v2"], [second, "latest"], [second]);
  const opened = LayoutSource.open(reference, layout, selector);
  await expect(opened).rejects.toMatchObject({ code: "not-found" });
  await expect(opened).rejects.toThrow(message);
  expect(layout.isDisposed).toBe(true);
});

test("no image is found without a layout and in an empty layout", async () => {
  const layout = new BucketLayout();
  await expect(LayoutSource.open(reference, layout, only)).rejects.toMatchObject({
    code: "not-found",
  });
  index(layout);
  await expect(LayoutSource.open(reference, layout, only)).rejects.toMatchObject({
    code: "not-found",
  });
});

test("a name is searched for in nested indexes", async () => {
  const layout = withBlobs(one);
  const nest = async (descriptor: Descriptor, name?: string): Promise<Descriptor> => {
    const bytes = formatLayoutIndex(withImage(emptyIndex, descriptor, name));
    const { digest, size } = await layout.putBlob(
      (async function* () {
        yield bytes;
      })(),
      {},
    );
    return { digest, size, mediaType: mediaTypes.ociIndex };
  };
  index(layout, [await nest(await nest(first, "deep"))]);
  const source = await LayoutSource.open(reference, layout, named("deep"));
  expect((await source.getManifest()).digest).toBe(first.digest);
  const missing = LayoutSource.open(reference, layout, named("other"));
  await expect(missing).rejects.toMatchObject({ code: "not-found" });
});

test("a nested index with a wrong digest is rejected", async () => {
  const layout = withBlobs(one);
  const bytes = formatLayoutIndex(withImage(emptyIndex, first, "deep"));
  layout.blobs.set(second.digest, bytes);
  index(layout, [{ ...second, mediaType: mediaTypes.ociIndex }]);
  const opened = LayoutSource.open(reference, layout, named("deep"));
  await expect(opened).rejects.toMatchObject({ code: "digest-mismatch" });
});

test("the name of another type has another error than an absent name", async () => {
  const layout = withBlobs();
  index(layout, [{ ...first, mediaType: "text/plain" }, "v1"]);
  const opened = LayoutSource.open(reference, layout, named("v1"));
  await expect(opened).rejects.toMatchObject({ code: "unsupported" });
});

test.each([
  '{"imageLayoutVersion":"2.0.0"}',
  '{"imageLayoutVersion":"2.0.0-rc.1"}',
  '{"imageLayoutVersion":2}',
  "2.0.0\n",
])("a layout with %j is rejected for reading and writing", async (content) => {
  const code = "unsupported";
  const layout = withBlobs(one);
  index(layout, [first, "v1"]);
  layout.files.set("oci-layout", Buffer.from(content));
  await expect(LayoutSource.open(reference, layout, only)).rejects.toMatchObject({ code });
  const destination = LayoutDestination.open(reference, layout, { name: "v1" });
  await expect(destination).rejects.toMatchObject({ code });
});

test("a layout of version 1.x or without a version is read", async () => {
  const layout = withBlobs(one);
  index(layout, [first, "v1"]);
  for (const content of [undefined, '{"imageLayoutVersion":"1.7.0"}', layoutFile]) {
    if (content !== undefined) layout.files.set("oci-layout", Buffer.from(content));
    await LayoutSource.open(reference, layout, only);
  }
});

test("instances are read by digest, with their listed type", async () => {
  const many = await randomIndex("many", { format: "docker" });
  const layout = withBlobs(many);
  index(layout, [descriptorOf(many), "v1"]);
  const source = await LayoutSource.open(reference, layout, only);
  const [instance] = many.instances;
  const found = await source.getManifest(instance?.digest);
  expect([found.bytes, found.digest]).toEqual([instance?.bytes, instance?.digest]);
});

test("the error for an absent foreign layer contains its URLs", async () => {
  const layout = withBlobs(one);
  index(layout, [first, "v1"]);
  const source = await LayoutSource.open(reference, layout, only);
  const urls = ["https://example.com/layer"];
  const missing = source.getBlob({ digest: second.digest, urls }).next();
  await expect(missing).rejects.toMatchObject({ code: "not-found" });
  await expect(missing).rejects.toThrow("https://example.com/layer");
  const [there] = one.blobs.keys();
  expect((await source.getBlob({ digest: there, urls }).next()).done).toBe(false);
});

test("a referrer is returned with its type", async () => {
  const artifact = await randomArtifact("about", {
    subject: first,
    artifactType: "x/y",
    annotations: { a: "b" },
  });
  const layout = withBlobs(one, two, artifact);
  index(layout, [first, "v1"], [second], [descriptorOf(artifact)]);
  const source = await LayoutSource.open(reference, layout, named("v1"));
  const { digest } = artifact.manifest;
  expect(await Array.fromAsync(source.getReferrers(first.digest))).toMatchObject([
    { digest, artifactType: "x/y", annotations: { a: "b" } },
  ]);
  expect(await Array.fromAsync(source.getReferrers(second.digest))).toEqual([]);
});

test("closing a source closes its layout", async () => {
  const layout = withBlobs(one);
  index(layout, [first, "v1"]);
  {
    await using _ = await LayoutSource.open(reference, layout, only);
    expect(layout.isDisposed).toBe(false);
  }
  expect(layout.isDisposed).toBe(true);
});
