import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, Digest, ImageReference } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { descriptorOf, inMemory, randomArtifact, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import {
  deleteLayoutImage,
  formatLayoutIndex,
  imageNamesIn,
  LayoutDestination,
  LayoutSource,
  parseLayoutIndex,
  parseSelector,
} from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const reference: ImageReference = memory().parseReference("in-a-layout");
const [amd64, arm64] = [await randomImage("amd64"), await randomImage("arm64")];
const [one, two] = [descriptorOf(amd64), descriptorOf(arm64)];
const list = await randomIndex("list");
const listed = list.instances.map(({ digest, bytes, mediaType }) => ({
  mediaType,
  digest,
  size: bytes.byteLength,
}));

/** A layout with these blobs and an unchecked index. */
function layoutOf(images: readonly WholeImage[], index: unknown): BucketLayout {
  const layout = new BucketLayout();
  for (const { manifest, instances, blobs } of images) {
    for (const { digest, bytes } of [manifest, ...instances]) layout.blobs.set(digest, bytes);
    for (const [digest, bytes] of blobs) layout.blobs.set(digest, bytes);
  }
  layout.files.set("index.json", Buffer.from(JSON.stringify(index)));
  return layout;
}

function named(descriptor: object, name: string, more: object = {}): object {
  return { ...descriptor, annotations: { "org.opencontainers.image.ref.name": name, ...more } };
}

function on(descriptor: object, architecture: string, os = "linux"): object {
  return { ...descriptor, platform: { os, architecture } };
}

/** Stores a manifest under its digest. */
function added(layout: BucketLayout, manifest: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  layout.blobs.set(digest, bytes);
  return { mediaType: mediaTypes.ociManifest, digest, size: bytes.byteLength };
}

async function digestIn(layout: BucketLayout, image: string): Promise<Digest> {
  const source = await LayoutSource.open(reference, layout, parseSelector(image));
  const { bytes } = await source.getManifest();
  return digestOf(bytes);
}

async function openFailure(layout: BucketLayout, image: string): Promise<unknown> {
  return digestIn(layout, image).then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: string }).code,
  );
}

const entry = named(one, "v1");

describe("an index that violates the specification is read, and valid after a write", () => {
  test.each([
    ["no schemaVersion", { manifests: [entry] }],
    ["a schemaVersion of null", { schemaVersion: null, manifests: [entry] }],
    ["no schemaVersion, and a type", { mediaType: mediaTypes.ociIndex, manifests: [entry] }],
    ["Docker's type", { schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [entry] }],
    ["an empty type", { schemaVersion: 2, mediaType: "", manifests: [entry] }],
    ["a type of null", { schemaVersion: 2, mediaType: null, manifests: [entry] }],
    [
      "a type with a parameter",
      { schemaVersion: 2, mediaType: `${mediaTypes.ociIndex}; charset=utf-8`, manifests: [entry] },
    ],
    [
      "other fields",
      { schemaVersion: 2, manifests: [entry], annotations: null, "x-more": { a: [1] } },
    ],
  ])("%s", async (_, index) => {
    const layout = layoutOf([amd64], index);
    expect(await digestIn(layout, "v1")).toBe(one.digest);
    expect(await digestIn(layout, "")).toBe(one.digest);
    await using destination = await LayoutDestination.open(reference, layout, { name: "v2" });
    for (const [digest, bytes] of arm64.blobs)
      await destination.putBlob(pieces(bytes), {
        digest,
        size: bytes.byteLength,
        mediaType: "a/b",
      });
    await destination.putManifest(arm64.manifest);
    await destination.commit();
    const written = JSON.parse(String(Buffer.from(layout.files.get("index.json") ?? ""))) as object;
    const {
      schemaVersion: _version,
      mediaType: _type,
      manifests: _manifests,
      ...others
    } = index as {
      readonly schemaVersion?: unknown;
      readonly mediaType?: unknown;
      readonly manifests: unknown;
    };
    expect(written).toMatchObject({ schemaVersion: 2, ...others });
    expect(Object(written)).toHaveProperty("manifests.0", entry);
    expect((written as { readonly mediaType?: string }).mediaType).toBe(
      "mediaType" in index ? mediaTypes.ociIndex : undefined,
    );
  });
});

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("an ambiguous index is rejected", () => {
  test.each([
    ["an image manifest", { schemaVersion: 2, config: {}, layers: [] }],
    ["neither a version nor manifests", { annotations: {} }],
    ["another version", { schemaVersion: 1, manifests: [entry] }],
    ["another type", { schemaVersion: 2, mediaType: mediaTypes.ociManifest, manifests: [entry] }],
    ["manifests that are not a list", { schemaVersion: 2, manifests: { a: entry } }],
  ])("%s", async (_, index) => {
    expect(await openFailure(layoutOf([amd64], index), "v1")).toBe("invalid-manifest");
  });
});

describe("an entry that violates the specification is read", () => {
  test.each([
    ["no size", { ...entry, size: undefined }],
    ["a size of null", { ...entry, size: null }],
    ["a wrong size", { ...entry, size: 7 }],
    ["no type", { ...entry, mediaType: undefined }],
    ["an empty type", { ...entry, mediaType: "" }],
    ["an annotation of null", named(one, "v1", { "org.opencontainers.image.revision": null })],
    ["a platform of null", { ...entry, platform: null }],
    ["an empty platform", { ...entry, platform: {} }],
    ["annotations of null", { ...one, annotations: null }],
  ])("%s", async (_, lax) => {
    const layout = layoutOf([amd64], { schemaVersion: 2, manifests: [lax] });
    expect(await digestIn(layout, "")).toBe(one.digest);
    expect(await digestIn(layout, `@${one.digest}`)).toBe(one.digest);
    const copy = memory().parseReference("copy");
    await copyImage(inLayout(layout), copy);
    await deleteLayoutImage(layout, { kind: "only" });
    expect(layout.blobs.size).toBe(0);
  });

  test.each([
    ["no digest", { ...entry, digest: undefined }],
    ["an invalid digest", { ...entry, digest: "sha256:0" }],
    ["a size that is a string", { ...entry, size: "12" }],
    ["a negative size", { ...entry, size: -1 }],
    ["an annotation that is a number", named(one, "v1", { a: 1 })],
  ])("but not an entry with %s", async (_, broken) => {
    const layout = layoutOf([amd64], { schemaVersion: 2, manifests: [broken] });
    expect(await openFailure(layout, "v1")).toBe("invalid-manifest");
  });
});

/** A reference to an image in a layout in memory. `name` is the name of a new image. */
function inLayout(layout: BucketLayout, image = "", name?: string): ImageReference {
  const own: ImageReference = {
    transport: memory(),
    stringWithinTransport: image,
    dockerReference: undefined,
    policyConfigurationIdentity: undefined,
    policyConfigurationNamespaces: [],
    newImageSource: async () => LayoutSource.open(own, layout, parseSelector(image)),
    newImageDestination: async () => LayoutDestination.open(own, layout, { name }),
  };
  return own;
}

describe("an oci-layout file without a clear version is ignored", () => {
  test.each([
    "",
    "{}",
    "1.0.0\n",
    "null",
    "[]",
    '{"imageLayoutVersion":""}',
    '{"imageLayoutVersion":{}}',
    '{"imageLayoutVersion":1.0}',
    '{"imageLayoutVersion":1}',
    '{"imageLayoutVersion":"v1.1"}',
    "\ufeff{}",
  ])("%j", async (content) => {
    const layout = layoutOf([amd64], { schemaVersion: 2, manifests: [entry] });
    layout.files.set("oci-layout", Buffer.from(content));
    expect(await digestIn(layout, "v1")).toBe(one.digest);
  });
});

describe("without a name the only image is selected, despite other entries", () => {
  const attestation = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: one.digest, size: 2 },
    layers: [],
  };
  const artifact = {
    ...attestation,
    config: { ...attestation.config, mediaType: "application/x-sbom" },
  };

  test("one image with two names", async () => {
    const manifests = [named(one, "one"), named(one, "two")];
    const layout = layoutOf([amd64], { schemaVersion: 2, manifests });
    expect(await digestIn(layout, "")).toBe(one.digest);
  });

  test.each([
    [
      "an attestation by its platform",
      (descriptor: Descriptor) => on(descriptor, "unknown", "unknown"),
    ],
    [
      "an attestation by its annotation",
      (descriptor: Descriptor) => ({
        ...descriptor,
        annotations: {
          "vnd.docker.reference.type": "attestation-manifest",
          "vnd.docker.reference.digest": one.digest,
        },
      }),
    ],
    [
      "an artifact by its entry",
      (descriptor: Descriptor) => ({ ...descriptor, artifactType: "application/x-sbom" }),
    ],
    [
      "a blob of another type",
      (descriptor: Descriptor) => ({
        ...descriptor,
        mediaType: "application/vnd.buildkit.cacheconfig.v0",
      }),
    ],
  ])("%s", async (_, entryFor) => {
    const layout = layoutOf([amd64], {});
    const manifests = [entryFor(added(layout, attestation)), on(one, "amd64")];
    layout.files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    expect(await digestIn(layout, "")).toBe(one.digest);
  });

  test("an artifact by its config", async () => {
    const layout = layoutOf([amd64], {});
    const manifests = [added(layout, artifact), one];
    layout.files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    expect(await digestIn(layout, "")).toBe(one.digest);
  });

  test("an index that is listed with its instances", async () => {
    const manifests = [...listed, named(descriptorOf(list), "v1"), ...listed];
    const layout = layoutOf([list], { schemaVersion: 2, manifests });
    expect(await digestIn(layout, "")).toBe(list.manifest.digest);
  });

  test("several artifacts without an image are not one image", async () => {
    const [first, second] = [await randomArtifact("first"), await randomArtifact("second")];
    const manifests = [descriptorOf(first), descriptorOf(second)];
    expect(await openFailure(layoutOf([first, second], { schemaVersion: 2, manifests }), "")).toBe(
      "not-found",
    );
    const single = layoutOf([first], { schemaVersion: 2, manifests: [descriptorOf(first)] });
    expect(await digestIn(single, "")).toBe(first.manifest.digest);
  });

  test("two images are not one image", async () => {
    for (const manifests of [
      [one, two],
      [named(one, "a"), named(two, "b")],
      [on(one, "amd64"), on(two, "amd64")],
      [on(one, "amd64"), two],
      [named(on(one, "amd64"), "a"), named(on(two, "arm64"), "b")],
    ]) {
      const layout = layoutOf([amd64, arm64], { schemaVersion: 2, manifests });
      expect(await openFailure(layout, "")).toBe("not-found");
    }
  });

  test("and is deleted under all its names", async () => {
    const manifests = [named(one, "one"), named(one, "two")];
    const layout = layoutOf([amd64], { schemaVersion: 2, manifests });
    await deleteLayoutImage(layout, { kind: "only" });
    expect(parseLayoutIndex(layout.files.get("index.json")!).entries).toEqual([]);
    expect(layout.blobs.size).toBe(0);
  });
});

describe("an image that is listed by platform", () => {
  const flat = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerList,
    manifests: [on(one, "amd64"), on(two, "arm64")],
  };

  test("has index.json as its index", async () => {
    const layout = layoutOf([amd64, arm64], flat);
    const source = await LayoutSource.open(reference, layout, parseSelector(""));
    const { bytes, digest, mediaType } = await source.getManifest();
    expect([Buffer.from(bytes), digest, mediaType]).toEqual([
      Buffer.from(layout.files.get("index.json")!),
      digestOf(bytes),
      mediaTypes.dockerList,
    ]);
    const instance = await source.getManifest(two.digest);
    expect(digestOf(instance.bytes)).toBe(two.digest);
  });

  test.each(["amd64", "arm64"])("is copied for the platform %s", async (architecture) => {
    const layout = layoutOf([amd64, arm64], flat);
    const to = memory().parseReference(architecture);
    const platform = { os: "linux", architecture };
    const { digest } = await copyImage(inLayout(layout), to, { platform });
    expect(digest).toBe(architecture === "amd64" ? one.digest : two.digest);
  });

  test.each([
    ["without their common name", flat.manifests.map((instance) => named(instance, "v1")), "v1"],
    [
      "without its attestations",
      [
        ...flat.manifests,
        on({ ...one, digest: list.manifest.digest }, "unknown", "unknown"),
        { ...one, mediaType: "a/b" },
      ],
      "",
    ],
    [
      "with sizes that were omitted",
      flat.manifests.map((instance) => ({ ...instance, size: undefined })),
      "",
    ],
  ])("has a generated index %s", async (_, manifests, image) => {
    const layout = layoutOf([amd64, arm64], { schemaVersion: 2, manifests });
    const source = await LayoutSource.open(reference, layout, parseSelector(image));
    const raw = await source.getManifest();
    const manifest = parseManifest(raw);
    expect(manifest).toMatchObject({ kind: "index", mediaType: mediaTypes.ociIndex });
    expect(manifest.kind === "index" && manifest.manifests).toEqual([
      on(one, "amd64"),
      on(two, "arm64"),
    ]);
    expect(await digestIn(layout, image)).toBe(raw.digest);
  });

  test("is deleted completely by its name, and not without a name", async () => {
    const layout = layoutOf([amd64, arm64], flat);
    const deleted = deleteLayoutImage(layout, { kind: "only" });
    await expect(deleted).rejects.toMatchObject({ code: "not-found" });
    const manifests = flat.manifests.map((instance) => named(instance, "v1"));
    const withName = layoutOf([amd64, arm64], { ...flat, manifests });
    await deleteLayoutImage(withName, parseSelector("v1"));
    expect(withName.blobs.size).toBe(0);
  });
});

describe("each listed name selects one image", () => {
  const full = (name: string): object => ({ "io.containerd.image.name": name });
  test.each<[string, readonly object[], readonly string[]]>([
    ["names that registries allow", [named(one, "v1.0__rc"), named(two, "_x")], ["v1.0__rc", "_x"]],
    [
      "full names",
      [named(one, "docker.io/library/a:1"), named(two, "b@c/d")],
      ["docker.io/library/a:1", "b@c/d"],
    ],
    [
      "names with spaces and non-ASCII letters",
      [named(one, "v 1"), named(two, "größe")],
      ["v 1", "größe"],
    ],
    [
      "positions for names that start with @ or have control characters",
      [named(one, "@v1"), named(two, "v\u001b1")],
      ["@0", "@1"],
    ],
    ["positions for empty names", [named(one, ""), two], ["@0", "@1"]],
    ["each name once", [named(one, "v1"), named(one, "v1"), named(two, "v2")], ["v1", "v2"]],
    ["positions if another image has the name", [named(one, "v1"), named(two, "v1")], ["v1", "@1"]],
    [
      "full names if Docker saved two images with one tag",
      [
        named(one, "latest", full("docker.io/a:latest")),
        named(two, "latest", full("docker.io/b:latest")),
      ],
      ["docker.io/a:latest", "docker.io/b:latest"],
    ],
    [
      "full names if there is no other name",
      [{ ...one, annotations: full("docker.io/a:1") }, two],
      ["docker.io/a:1", "@1"],
    ],
    ["no entries of other types", [named({ ...one, mediaType: "a/b" }, "cache"), two], ["@1"]],
  ])("%s", async (_, manifests, names) => {
    const layout = layoutOf([amd64, arm64], { schemaVersion: 2, manifests });
    expect(await imageNamesIn(reference, layout)).toEqual(names);
    const digests = await Promise.all(names.map((name) => digestIn(layout, name)));
    const expected = names.length === 1 ? [two.digest] : [one.digest, two.digest];
    expect(digests).toEqual(expected);
    const { images } = await LayoutSource.list(reference, layout, (selector) =>
      memory().parseReference(JSON.stringify(selector)),
    );
    expect(images.flatMap((image) => image.names)).toEqual(names);
    const sources = await Promise.all(images.map((image) => image.newImageSource()));
    const found = await Promise.all(sources.map((source) => source.getManifest()));
    expect(found.map(({ bytes }) => digestOf(bytes))).toEqual(expected);
  });

  test("but a tag of two images does not select the first", async () => {
    const manifests = [
      named(one, "latest", full("docker.io/a:latest")),
      named(two, "latest", full("docker.io/b:latest")),
    ];
    const layout = layoutOf([amd64, arm64], { schemaVersion: 2, manifests });
    expect(await openFailure(layout, "latest")).toBe("not-found");
  });
});

test("deleting an image leaves other entries unchanged", async () => {
  const other = {
    ...named(two, "v2", { "x-null": null }),
    "x-more": [1],
    platform: { os: "linux" },
  };
  const layout = layoutOf([amd64, arm64], {
    schemaVersion: 2,
    manifests: [entry, other],
    "x-own": 1,
  });
  await deleteLayoutImage(layout, parseSelector("v1"));
  const written = layout.files.get("index.json")!;
  expect(JSON.parse(String(Buffer.from(written)))).toEqual({
    schemaVersion: 2,
    manifests: [other],
    "x-own": 1,
  });
  expect(formatLayoutIndex(parseLayoutIndex(written))).toEqual(Buffer.from(written));
});

test("an image in memory is copied into a layout under its tag", async () => {
  const layout = new BucketLayout();
  await copyImage(await inMemory(amd64), inLayout(layout, "", "v1.0__rc"));
  expect(await digestIn(layout, "v1.0__rc")).toBe(one.digest);
});
