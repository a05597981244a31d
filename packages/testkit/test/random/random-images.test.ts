import { copyImage, digestOf, mediaTypes, openImage } from "@drayage/core";
import type { Descriptor, ImageReference } from "@drayage/core";
import { decompressed, readAll } from "@drayage/core/content";
import {
  blobsOf,
  instancesOf,
  isArtifact,
  layerCompressionOf,
  parseManifest,
} from "@drayage/core/manifest";
import type { ImageManifest, LayerCompression } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { describe, expect, test, vi } from "vitest";

import { randomArtifact } from "../../src/random/random-artifact.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { descriptorOf } from "../../src/random/whole-image.ts";
import type { WholeImage, WholeManifest } from "../../src/random/whole-image.ts";
import { inMemory, putBlobs, writeImage } from "../../src/random/write-image.ts";

const makers: readonly (readonly [
  what: string,
  make: (seed: string) => Promise<WholeImage>,
  pinned: string,
])[] = [
  [
    "an image",
    async (seed) => randomImage(seed),
    "sha256:be5040d4f40164d88510a8b4a246d562225aa88a4dddf51cb1b6de2bf12a643a",
  ],
  [
    "a Docker image",
    async (seed) => randomImage(seed, { format: "docker" }),
    "sha256:8ec3da1ae1a2a614451df78093b3ee38ef58a6be04e5b5c927dc1a720318dcfa",
  ],
  [
    "a zstd image",
    async (seed) => randomImage(seed, { compression: "zstd" }),
    "sha256:ecb5a3b2f770a889b0f90a7cb8090b3f9c9235832cef1ba504253892decdf191",
  ],
  [
    "an image of plain tars",
    async (seed) => randomImage(seed, { compression: "none" }),
    "sha256:47eedd6ee4f4bd7fc6ebcebe6acb4cd9499eba385bec221bdd0271a381c4e881",
  ],
  [
    "an index",
    async (seed) => randomIndex(seed, { attestation: true, nested: true }),
    "sha256:9fc30dacf9eaab6da2f140133c8d3aa72a6eab33d46a289611b6a265718d7369",
  ],
  [
    "a Docker list",
    async (seed) => randomIndex(seed, { format: "docker" }),
    "sha256:7664abff9b1b5efee6fd83b3aee1526a0b9599e1bb8bca9f4221482f630f7193",
  ],
  [
    "an artifact",
    async (seed) => randomArtifact(seed),
    "sha256:c8662c7d15539d100c36a250f0c736821880a3e34ea10db673078a8a5db599ce",
  ],
];

describe.each(makers)("%s", (_, make, pinned) => {
  test("has the same digest on every machine", async () => {
    const { manifest } = await make("pinned");
    expect(manifest.digest).toBe(pinned);
  });

  test("depends on the seed only", async () => {
    const [one, again, other] = [await make("a"), await make("a"), await make("b")];
    expect(again).toEqual(one);
    const shared = [...other.blobs.keys()].filter((digest) => one.blobs.has(digest));
    expect(shared.filter((digest) => digest !== digestOf(Buffer.from("{}")))).toEqual([]);
  });

  test("has exactly the content that its manifests refer to, with the correct sizes", async () => {
    const { manifest, instances, blobs } = await make("whole");
    const named = [...instances, manifest]
      .map(parseManifest)
      .flatMap((parsed) => [...instancesOf(parsed), ...blobsOf(parsed)]);
    const there = new Map<string, Uint8Array>(blobs);
    for (const { digest, bytes } of instances) there.set(digest, bytes);
    for (const { digest, size } of named) expect(there.get(digest)?.byteLength).toBe(size);
    expect(new Set(there.keys())).toEqual(new Set(named.map(({ digest }) => digest)));
    for (const [digest, bytes] of there) expect(digestOf(bytes)).toBe(digest);
    expect(digestOf(manifest.bytes)).toBe(manifest.digest);
  });

  test("has manifests that change when they are parsed and rewritten", async () => {
    const { manifest } = await make("spaces");
    const text = Buffer.from(manifest.bytes).toString();
    for (const indent of [undefined, 2, 4, "\t"]) {
      expect(JSON.stringify(JSON.parse(text), undefined, indent)).not.toBe(text);
    }
  });

  test("can be written to any transport and copied", async () => {
    const image = await make("written");
    const [first, second] = [await inMemory(image), memory().parseReference("copy")];
    const { digest, changes } = await copyImage(first, second, { instances: "all" });
    expect({ digest, changes }).toEqual({ digest: image.manifest.digest, changes: [] });
  });
});

test("putBlob receives isConfig for the config", async () => {
  const image = await randomImage("config", { layers: 1 });
  const destination = await memory().parseReference("image").newImageDestination();
  const putBlob = vi.spyOn(destination, "putBlob");
  await putBlobs(image, destination);
  expect(
    putBlob.mock.calls.map(([, blob, options]) => [blob.mediaType, options?.isConfig]),
  ).toEqual([
    [image.config.mediaType, true],
    [image.layers[0]?.mediaType, false],
  ]);
});

test("the error for a read-only transport names it", async () => {
  const { transport, stringWithinTransport } = memory().parseReference("read-only");
  const readOnly: ImageReference = {
    transport,
    stringWithinTransport,
    dockerReference: undefined,
    policyConfigurationIdentity: undefined,
    policyConfigurationNamespaces: [],
    newImageSource: () => Promise.reject(new Error("not read")),
  };
  await expect(writeImage(await randomImage("x"), readOnly)).rejects.toMatchObject({
    code: "unsupported",
  });
});

test("the config has the platform and the digests of the uncompressed layers", async () => {
  const compression: readonly LayerCompression[] = ["none", "gzip", "zstd"];
  const platform = { os: "linux", architecture: "arm", variant: "v7" };
  const whole = await randomImage("config", { layers: 4, compression, platform });
  const compressions = whole.layers.map(({ mediaType }) => layerCompressionOf(mediaType));
  expect(compressions).toEqual(["none", "gzip", "zstd", "none"]);
  await using image = await openImage(await inMemory(whole));
  expect(await image.inspect()).toMatchObject({ ...platform, layers: whole.layers.map(digestIn) });
  const config = jsonOf(whole.blobs.get(whole.config.digest));
  const tars = await Promise.all(whole.layers.map((layer) => decompress(whole, layer)));
  expect(config).toMatchObject({ rootfs: { diff_ids: tars.map((tar) => digestOf(tar)) } });
  const { history } = config as { history: { empty_layer?: boolean }[] };
  expect(history.filter((entry) => !entry.empty_layer)).toHaveLength(4);
});

test("the number and size of layers are configurable", async () => {
  const { layers } = await randomImage("sizes", { layers: 2, layerSize: 1_000_000 });
  expect(layers).toHaveLength(2);
  for (const { size } of layers) {
    expect(size).toBeGreaterThan(1_000_000);
    expect(size).toBeLessThan(1_010_000);
  }
  expect((await randomImage("none", { layers: 0 })).layers).toEqual([]);
});

test("an index has an image for each platform, with shared base layers", async () => {
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "windows", architecture: "amd64" },
  ];
  const index = await randomIndex("index", { platforms, layers: 3, sharedLayers: 2 });
  const parsed = parseManifest(index.manifest);
  expect(parsed.kind === "index" && parsed.manifests.map(({ platform }) => platform)).toEqual(
    platforms,
  );
  const [one, two] = index.instances.map(layersOf);
  expect(one?.map((digest) => two?.includes(digest))).toEqual([true, true, false]);
});

test("the default platforms have variants", async () => {
  const parsed = parseManifest((await randomIndex("platforms")).manifest);
  const variants =
    parsed.kind === "index" ? parsed.manifests.map((each) => each.platform?.variant) : [];
  expect(variants).toEqual([undefined, "v8", "v7", "v6"]);
});

test("an attestation has an unknown platform and refers to its image", async () => {
  const index = await randomIndex("attested", { attestation: true });
  const parsed = parseManifest(index.manifest);
  const [first, ...others] = parsed.kind === "index" ? parsed.manifests : [];
  expect(others.at(-1)).toMatchObject({
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.digest": first?.digest },
  });
});

test("a nested index lists the instances of the inner index first", async () => {
  const { manifest, instances } = await randomIndex("nested", { nested: true });
  const types = instances.map(({ mediaType }) => mediaType);
  const { ociManifest, ociIndex } = mediaTypes;
  expect(types).toEqual([ociManifest, ociManifest, ociManifest, ociManifest, ociIndex]);
  const outer = parseManifest(manifest);
  expect(outer.kind === "index" && outer.manifests.map(({ mediaType }) => mediaType)).toEqual([
    ociManifest,
    ociIndex,
  ]);
});

test("an artifact has no image config, and can have a subject", async () => {
  const subject = descriptorOf(await randomImage("subject"));
  const annotations = { "org.example.kind": "test" };
  const artifact = await randomArtifact("artifact", { subject, annotations, artifactType: "a/b" });
  const parsed = parseManifest(artifact.manifest) as ImageManifest;
  expect(isArtifact(parsed)).toBe(true);
  expect(parsed).toMatchObject({ artifactType: "a/b", subject, annotations });
  expect(descriptorOf(artifact)).toMatchObject({ artifactType: "a/b" });
});

function digestIn({ digest }: Descriptor): string {
  return digest;
}

function layersOf(manifest: WholeManifest): readonly string[] {
  const parsed = parseManifest(manifest);
  return parsed.kind === "image" ? parsed.layers.map(digestIn) : [];
}

function jsonOf(bytes: Uint8Array | undefined): unknown {
  return JSON.parse(Buffer.from(bytes ?? []).toString());
}

async function decompress(
  { blobs }: WholeImage,
  { digest, mediaType }: Descriptor,
): Promise<Uint8Array> {
  const bytes = blobs.get(digest) ?? new Uint8Array(0);
  const stream = (async function* stream() {
    yield bytes;
  })();
  return readAll(decompressed(stream, layerCompressionOf(mediaType) ?? "none"), Infinity);
}
