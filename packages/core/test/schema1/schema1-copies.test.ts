import { gunzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import type { BlobFact, BlobInfoCache } from "../../src/contract/blob-info-cache.ts";
import type { Descriptor } from "../../src/contract/blob-info.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import { openImage } from "../../src/image/image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { parseNamedReference } from "../../src/names/docker-reference.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { emptyLayerDigest } from "../../src/schema1/schema1-of-image.ts";
import { schema1Payload } from "../../src/schema1/signed-payload.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { altered } from "../altered-reference.ts";
import { sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { schema1Sample } from "./sample-schema1.ts";

const { ociManifest, dockerManifest, dockerSchema1, dockerSchema1Signed } = mediaTypes;

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

interface Destination {
  readonly manifestMIMETypes?: readonly string[];
  readonly layers?: "preserve" | "compress" | "decompress";
  /** `NAME:TAG`. Default: the reference is no docker reference. */
  readonly name?: string;
  readonly rejects?: readonly string[];
  readonly has?: ReadonlyMap<Digest, Uint8Array>;
}

/** A memory destination that accepts less. `put` collects the digests of the blobs that it was sent. */
function destination({ name, rejects = [], has, ...accepts }: Destination = {}): {
  readonly to: ImageReference;
  readonly put: Digest[];
} {
  const put: Digest[] = [];
  const to: ImageReference = altered(memory().parseReference("copy"), {
    destination: (own) => ({
      reference: to,
      accepts: { ...own.accepts, ...accepts },
      tryReusingBlob: async (blob, options) => {
        const bytes = has?.get(blob.digest);
        if (bytes === undefined) return own.tryReusingBlob(blob, options);
        await own.putBlob(streamed(bytes), blob, options);
        return { digest: blob.digest, size: bytes.byteLength };
      },
      putBlob: async (bytes, blob, options) => {
        const written = await own.putBlob(bytes, blob, options);
        put.push(written.digest);
        return written;
      },
      putManifest: async (manifest, options) => {
        const { mediaType } = parseManifest(manifest);
        if (rejects.includes(mediaType))
          throw new ImageError("manifest-rejected", `no ${mediaType} here`);
        await own.putManifest(manifest, options);
      },
    }),
  });
  const dockerReference = name === undefined ? undefined : parseNamedReference(name);
  Object.defineProperty(to, "dockerReference", { value: dockerReference });
  return { to, put };
}

/** A source that lists the blobs which are read. */
function countingReads(
  reference: ImageReference,
  { blobs }: SampleImage,
): { readonly from: ImageReference; readonly reads: string[] } {
  const reads: string[] = [];
  const from = altered(reference, {
    source: (own) => ({
      statBlob: async ({ digest }) => {
        const bytes = digest && blobs.get(digest);
        return bytes && { size: bytes.byteLength };
      },
      getBlob: (blob, options) => {
        // The end of a gzip is read for its size.
        if (options?.range === undefined) reads.push(String(blob.digest));
        return own.getBlob(blob, options);
      },
    }),
  });
  return { from, reads };
}

/** A cache of the uncompressed forms that were recorded. */
function recordingCache(): { readonly cache: BlobInfoCache; readonly facts: BlobFact[] } {
  const facts: BlobFact[] = [];
  const cache: BlobInfoCache = {
    record: async (recorded) => {
      facts.push(...recorded);
    },
    lookUp: async (digests) =>
      new Map(
        facts.flatMap((fact) => {
          if (fact.kind !== "compressed" || !digests.includes(fact.form.digest)) return [];
          const { digest, form } = fact;
          const uncompressed = { digest, compression: form.compression };
          return [[form.digest, { compressed: [], paths: [], uncompressed }] as const];
        }),
      ),
  };
  return { cache, facts };
}

async function* streamed(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly history: readonly object[];
}

async function read(reference: ImageReference): Promise<{
  readonly layers: readonly Descriptor[];
  readonly config: Config;
}> {
  await using image = await openImage(reference);
  const config = JSON.parse(Buffer.from((await image.configBlob()) ?? []).toString()) as Config;
  return { layers: image.layerInfos as readonly Descriptor[], config };
}

describe("an image of schema 1 that keeps its type", () => {
  test("is copied byte for byte, with its throwaway layer once", async () => {
    const sample = schema1Sample();
    const { to, put } = destination();
    const { digest, manifest } = await copyImage(await stored(sample), to);
    expect(digest).toBe(digestOf(Buffer.from(sample.payload)));
    expect(manifest.bytes).toEqual(sample.manifest.bytes);
    expect(put.toSorted()).toEqual([...sample.blobs.keys()].toSorted());
    expect(await verifyImage(to)).toMatchObject({ problems: [] });
  });

  test("is named by the digest of its payload", async () => {
    const sample = schema1Sample();
    const from = await stored(sample);
    const pinned = `docker.io/team/app@${sample.manifest.digest}`;
    await expect(copyImage(from, destination({ name: pinned }).to)).rejects.toMatchObject({
      code: "impossible-copy",
    });
    const unnamed = schema1Sample({ tag: "" });
    const ownDigest = `docker.io/team/app@${unnamed.manifest.digest}`;
    const { digest } = await copyImage(await stored(unnamed), destination({ name: ownDigest }).to);
    expect(digest).toBe(unnamed.manifest.digest);
  });

  test("gets the name and the tag of the destination", async () => {
    const { to } = destination({ name: "localhost:5000/other/app:2" });
    const from = await stored(schema1Sample());
    const { manifest, changes } = await copyImage(from, to);
    const payload = JSON.parse(Buffer.from(schema1Payload(manifest.bytes)).toString()) as object;
    expect(payload).toMatchObject({ name: "other/app", tag: "2", schemaVersion: 1 });
    expect(changes).toMatchObject([
      { reason: expect.stringContaining("another repository or tag") as string },
    ]);
    await expect(copyImage(from, to, { preserveDigests: true })).rejects.toMatchObject({
      code: "impossible-copy",
    });
  });

  test("is planned with its digest, unless its name or a layer changes", async () => {
    const sample = schema1Sample();
    const from = await stored(sample);
    const unchanged = await previewCopy(from, destination().to);
    expect(unchanged.digest).toBe(sample.manifest.digest);
    const blobs = unchanged.steps.filter((step) => step.kind === "blob");
    expect(blobs.map(({ needsDiffID }) => needsDiffID)).toEqual([undefined, undefined, undefined]);
    const renamed = await previewCopy(from, destination({ name: "localhost:5000/x/y:2" }).to);
    expect(renamed.digest).toBeUndefined();
    const smaller = await previewCopy(from, destination({ layers: "decompress" }).to);
    expect(smaller.digest).toBeUndefined();
    expect(smaller.steps.at(-2)).toMatchObject({ reason: "a layer is recompressed" });
    const preserved = await previewCopy(from, destination({ layers: "decompress" }).to, {
      preserveDigests: true,
    });
    expect(preserved.digest).toBe(sample.manifest.digest);
  });

  test("keeps its bytes under its own name", async () => {
    const sample = schema1Sample();
    const { to } = destination({ name: "localhost:5000/team/app:1" });
    const { digest } = await copyImage(await stored(sample), to);
    expect(digest).toBe(sample.manifest.digest);
  });

  test("is signed where an unsigned one is not accepted, and otherwise keeps its bytes", async () => {
    const sample = schema1Sample();
    const bytes = Buffer.from(sample.payload);
    const manifest = { bytes, mediaType: dockerSchema1, digest: digestOf(bytes) };
    const from = await stored({ ...sample, manifest });
    const { to } = destination({ manifestMIMETypes: [dockerSchema1Signed] });
    const signed = await copyImage(from, to);
    expect(JSON.parse(Buffer.from(signed.manifest.bytes).toString())).toHaveProperty("signatures");
    expect(schema1Payload(signed.manifest.bytes)).toEqual(bytes);
    expect(signed.digest).toBe(manifest.digest);
    await using image = await openImage(from);
    const updated = await image.updatedImage({ manifestMIMEType: dockerSchema1Signed });
    expect(schema1Payload(updated.manifest.bytes)).toEqual(bytes);
    expect(updated.manifest.bytes).not.toEqual(bytes);
    const { to: any } = destination({ manifestMIMETypes: [dockerSchema1, dockerSchema1Signed] });
    expect((await copyImage(from, any)).manifest.bytes).toEqual(bytes);
    const again = destination({ manifestMIMETypes: [dockerSchema1] });
    const unsigned = await copyImage(to, again.to);
    expect(unsigned.manifest.bytes).toEqual(signed.manifest.bytes);
  });

  test("names layers that are compressed on the way, and keeps their ids", async () => {
    const sample = schema1Sample({ isCompressed: false });
    const { to } = destination({ layers: "compress" });
    // Nothing in the manifest states that the layers are not compressed.
    const { manifest } = await copyImage(await stored(sample), to);
    const copy = parseManifest(manifest);
    if (copy.kind !== "schema1") throw new Error("is of schema 1");
    await using source = await to.newImageSource();
    const contents = copy.layers
      .filter(({ history }) => !history.isThrowaway)
      .map(async ({ digest }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of source.getBlob({ digest })) chunks.push(chunk);
        return digestOf(gunzipSync(Buffer.concat(chunks)));
      });
    expect(await Promise.all(contents)).toEqual(sample.diffIDs);
    const before = parseManifest(sample.manifest);
    if (before.kind !== "schema1") throw new Error("is of schema 1");
    expect(copy.layers.map(({ history }) => history)).toEqual(
      before.layers.map(({ history }) => history),
    );
  });

  test("may be an instance of an index", async () => {
    const sample = schema1Sample();
    const { to } = destination();
    await copyImage(
      await stored(sampleIndex([{ ...sample, platform: { os: "linux", architecture: "amd64" } }])),
      to,
      {
        instances: "all",
      },
    );
    expect(await verifyImage(to)).toMatchObject({ problems: [] });
  });

  test("is verified: a layer that is absent or damaged is a problem", async () => {
    const sample = schema1Sample();
    const [first, second] = sample.layers;
    const blobs = new Map(sample.blobs);
    if (first === undefined || second === undefined) throw new Error("has two layers");
    blobs.delete(first);
    const { problems } = await verifyImage(await stored({ ...sample, blobs }));
    expect(problems).toMatchObject([{ part: "layer", digest: first }]);
  });
});

describe.each([
  ["schema 2", dockerManifest, "application/vnd.docker.image.rootfs.diff.tar"],
  ["OCI", ociManifest, "application/vnd.oci.image.layer.v1.tar"],
])("an image of schema 1 that becomes one of %s", (_, mediaType, layerType) => {
  const only = { manifestMIMETypes: [mediaType] };
  const gzip = mediaType === ociManifest ? "+gzip" : ".gzip";

  test("has the layers with content, and a config with their DiffIDs", async () => {
    const sample = schema1Sample();
    const { to, put } = destination(only);
    const { digest } = await copyImage(await stored(sample), to);
    const { layers, config } = await read(to);
    expect(layers.map((layer) => layer.digest)).toEqual(sample.layers);
    expect(layers.map((layer) => layer.mediaType)).toEqual([layerType + gzip, layerType + gzip]);
    expect(layers.map(({ size }) => size)).toEqual(
      sample.layers.map((layer) => sample.blobs.get(layer)?.byteLength),
    );
    expect(config).toMatchObject({
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: sample.diffIDs },
      // Schema 1 has the command of the last step in the config only.
      history: [{ created_by: "ADD one" }, { created_by: "ENV A=1", empty_layer: true }, {}],
    });
    expect(put).not.toContain(emptyLayerDigest);
    expect(digest).not.toBe(sample.manifest.digest);
    expect(await verifyImage(to)).toMatchObject({ problems: [] });
  });

  test.each(["preserve", "compress", "decompress"] as const)(
    "needs one reading of each layer where the destination wants to %s",
    async (wanted) => {
      const sample = schema1Sample();
      const { from, reads } = countingReads(await stored(sample), sample);
      const { to } = destination({ ...only, layers: wanted });
      await copyImage(from, to);
      expect(reads.toSorted()).toEqual([...sample.layers].toSorted());
      expect((await read(to)).config.rootfs.diff_ids).toEqual(sample.diffIDs);
    },
  );

  test("is planned with the layers that must be read, and without a digest", async () => {
    const sample = schema1Sample();
    const { to } = destination(only);
    const plan = await previewCopy(await stored(sample), to);
    expect(plan.digest).toBeUndefined();
    const blobs = plan.steps.filter((step) => step.kind === "blob");
    expect(blobs.map(({ blob, needsDiffID }) => [blob.digest, needsDiffID])).toEqual(
      sample.layers.map((layer) => [layer, true]),
    );
    const [manifest] = plan.steps.filter((step) => step.kind === "manifest");
    expect(manifest).toMatchObject({
      mediaType,
      omitted: [],
      reason: `the destination does not accept ${dockerSchema1Signed}`,
    });
  });

  test("has DiffIDs of layers that the destination has already", async () => {
    const sample = schema1Sample();
    const { to, put } = destination({ ...only, has: sample.blobs });
    await copyImage(await stored(sample), to);
    expect((await read(to)).config.rootfs.diff_ids).toEqual(sample.diffIDs);
    expect(put.filter((digest) => sample.blobs.has(digest))).toEqual([]);
  });

  test("has DiffIDs that an earlier copy cached, without reading layers that the destination has", async () => {
    const sample = schema1Sample();
    const { from, reads } = countingReads(await stored(sample), sample);
    const { cache, facts } = recordingCache();
    await copyImage(from, destination(only).to, { cache });
    expect(facts.filter(({ kind }) => kind === "compressed")).toEqual(
      sample.layers.map((layer, at) => ({
        kind: "compressed",
        digest: sample.diffIDs[at],
        form: { digest: layer, size: sample.blobs.get(layer)?.byteLength, compression: "gzip" },
      })),
    );
    reads.length = 0;
    const { to } = destination({ ...only, has: sample.blobs });
    await copyImage(from, to, { cache });
    expect(reads).toEqual([]);
    const copy = await read(to);
    expect(copy.config.rootfs.diff_ids).toEqual(sample.diffIDs);
    expect(copy.layers.map((layer) => layer.mediaType)).toEqual([
      layerType + gzip,
      layerType + gzip,
    ]);
    // Without cached facts the layers are read.
    await copyImage(from, destination({ ...only, has: sample.blobs }).to, {
      cache: recordingCache().cache,
    });
    expect(reads.toSorted()).toEqual([...sample.layers].toSorted());
  });

  test.each(["preserve", "compress", "decompress"] as const)(
    "has DiffIDs of layers that were not compressed, where the destination wants to %s",
    async (layers) => {
      const sample = schema1Sample({ isCompressed: false });
      const { to } = destination({ ...only, layers });
      await copyImage(await stored(sample), to);
      const copy = await read(to);
      expect(copy.config.rootfs.diff_ids).toEqual(sample.diffIDs);
      const type = layers === "compress" ? layerType + gzip : layerType;
      expect(copy.layers.map((layer) => layer.mediaType)).toEqual([type, type]);
    },
  );

  test("has decompressed layers where the destination wants them", async () => {
    const sample = schema1Sample();
    const { to } = destination({ ...only, layers: "decompress" });
    await copyImage(await stored(sample), to);
    const { layers, config } = await read(to);
    expect(layers.map((layer) => layer.digest)).toEqual(sample.diffIDs);
    expect(layers.map((layer) => layer.mediaType)).toEqual([layerType, layerType]);
    expect(config.rootfs.diff_ids).toEqual(sample.diffIDs);
  });

  test("has DiffIDs where schema 1 was rejected only when it was put", async () => {
    const sample = schema1Sample();
    const { to } = destination({
      manifestMIMETypes: [dockerSchema1Signed, mediaType],
      rejects: [dockerSchema1Signed],
    });
    await copyImage(await stored(sample), to);
    expect((await read(to)).config.rootfs.diff_ids).toEqual(sample.diffIDs);
  });

  test("is refused where digests are preserved", async () => {
    const { to, put } = destination(only);
    const copy = copyImage(await stored(schema1Sample()), to, { preserveDigests: true });
    await expect(copy).rejects.toMatchObject({ code: "impossible-copy" });
    expect(put).toEqual([]);
  });

  test("is refused with a layer that cannot be decompressed", async () => {
    const sample = schema1Sample();
    const damaged = Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(100, 7)]);
    const digest = digestOf(damaged);
    const text = sample.payload.replaceAll(sample.layers[0] ?? "", digest);
    const manifest = {
      bytes: Buffer.from(text),
      mediaType: dockerSchema1,
      digest: digestOf(Buffer.from(text)),
    };
    const blobs = new Map([...sample.blobs, [digest, damaged] as const]);
    const { to } = destination(only);
    const copy = copyImage(await stored({ ...sample, manifest, blobs }), to);
    await expect(copy).rejects.toMatchObject({ code: "invalid-manifest" });
    await expect(to.newImageSource()).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("an image that becomes one of schema 1", () => {
  /** Of OCI, with the history that schema 1 needs. */
  async function ociImage(): Promise<{
    readonly from: ImageReference;
    readonly sample: ReturnType<typeof schema1Sample>;
  }> {
    const sample = schema1Sample();
    const { to } = destination({ manifestMIMETypes: [ociManifest] });
    await copyImage(await stored(sample), to);
    return { from: to, sample };
  }

  test("has its layers, and the empty layer for steps without content", async () => {
    const { from, sample } = await ociImage();
    const { to, put } = destination({ name: "localhost:5000/team/app:1" });
    await copyImage(from, to, { manifestMIMEType: dockerSchema1Signed });
    expect(put.toSorted()).toEqual([...sample.blobs.keys()].toSorted());
    await using image = await openImage(to);
    expect(image.manifest.mediaType).toBe(dockerSchema1Signed);
    expect(image.layerInfos.map(({ digest }) => digest)).toEqual([
      sample.layers[0],
      emptyLayerDigest,
      sample.layers[1],
    ]);
    expect(await image.inspect()).toMatchObject({ tag: "1", architecture: "amd64", os: "linux" });
    expect(await verifyImage(to)).toMatchObject({ problems: [] });
  });

  test("is the last resort where the destination rejects all other types", async () => {
    const { from } = await ociImage();
    const { to } = destination({ rejects: [ociManifest, dockerManifest] });
    const { manifest } = await copyImage(from, to);
    expect(parseManifest(manifest).kind).toBe("schema1");
  });

  test("is refused where its config has no history, or a layer is of zstd", async () => {
    const asSchema1 = { manifestMIMEType: dockerSchema1Signed };
    const zstdLayer = "application/vnd.oci.image.layer.v1.tar+zstd";
    await using opened = await openImage(await stored(sampleImage({ layerType: zstdLayer })));
    await expect(opened.updatedImage(asSchema1)).rejects.toMatchObject({ code: "impossible-copy" });
    const withoutHistory = copyImage(await stored(sampleImage()), destination().to, asSchema1);
    await expect(withoutHistory).rejects.toMatchObject({ code: "impossible-copy" });
    const zstd = copyImage(
      await stored(sampleImage({ layerType: zstdLayer })),
      destination().to,
      asSchema1,
    );
    await expect(zstd).rejects.toMatchObject({ code: "impossible-copy" });
  });
});

describe("an opened image of schema 1", () => {
  test("has no config of its own and no sizes", async () => {
    await using image = await openImage(await stored(schema1Sample()));
    expect(image.configInfo).toBeUndefined();
    expect(await image.configBlob()).toBeUndefined();
    expect(image.size).toBeUndefined();
    expect(image.layerInfos).toHaveLength(3);
    expect(image.layerInfos[0]?.size).toBeUndefined();
    expect(image.isMultiImage).toBe(false);
  });

  test("is inspected by the config in its history", async () => {
    await using image = await openImage(await stored(schema1Sample()));
    expect(await image.inspect()).toMatchObject({
      tag: "1",
      created: "2020-01-02T03:04:05Z",
      dockerVersion: "20.10",
      os: "linux",
      architecture: "amd64",
      labels: { a: "b" },
      env: ["A=1"],
    });
    const config = JSON.parse(Buffer.from(await image.ociConfig()).toString()) as Config;
    expect(config.rootfs.diff_ids).toEqual(["", ""]);
    expect(config.history).toHaveLength(3);
  });

  test("is updated to other types with DiffIDs and sizes, as the copy does it", async () => {
    const sample = schema1Sample();
    const from = await stored(sample);
    await using image = await openImage(from);
    const sizes = image.layerInfos.map(({ digest }) => ({
      digest,
      size: sample.blobs.get(digest)?.byteLength ?? 0,
      mediaType: "",
    }));
    const [first, second] = sample.diffIDs;
    if (first === undefined || second === undefined) throw new Error("has two layers");
    const information = { layerInfos: sizes, layerDiffIDs: [first, emptyLayerDigest, second] };
    for (const manifestMIMEType of [dockerManifest, ociManifest]) {
      const edits = { manifestMIMEType };
      expect(image.updatedImageNeedsLayerDiffIDs(edits)).toBe(true);
      await expect(image.updatedImage(edits)).rejects.toMatchObject({ code: "impossible-copy" });
      const updated = await image.updatedImage(edits, information);
      const { to } = destination({ manifestMIMETypes: [manifestMIMEType] });
      const { digest } = await copyImage(from, to);
      expect(updated.manifest.digest).toBe(digest);
      expect(digestOf((await updated.configBlob()) ?? Buffer.alloc(0))).toBe(
        updated.configInfo?.digest,
      );
    }
    expect(image.updatedImageNeedsLayerDiffIDs({ manifestMIMEType: dockerSchema1 })).toBe(false);
    expect(image.updatedImageNeedsLayerDiffIDs({})).toBe(false);
  });

  test("is updated with another name and other layers", async () => {
    await using image = await openImage(await stored(schema1Sample()));
    const embeddedReference = parseNamedReference("quay.io/x/y:z");
    const layerInfos = image.layerInfos.map(() => ({
      digest: emptyLayerDigest,
      size: 32,
      mediaType: "",
    }));
    const updated = await image.updatedImage({ embeddedReference, layerInfos });
    expect(parseManifest(updated.manifest)).toMatchObject({ name: "x/y", tag: "z" });
    expect(new Set(updated.layerInfos.map(({ digest }) => digest))).toEqual(
      new Set([emptyLayerDigest]),
    );
    await expect(image.updatedImage({ layerInfos: [] })).rejects.toMatchObject({
      code: "impossible-copy",
    });
  });

  test("is what an image of schema 2 is updated to, if there is a destination for the empty layer", async () => {
    const sample = schema1Sample();
    const { to } = destination({ manifestMIMETypes: [dockerManifest] });
    await copyImage(await stored(sample), to);
    await using image = await openImage(to);
    const edits = { manifestMIMEType: dockerSchema1Signed };
    expect(image.updatedImageNeedsLayerDiffIDs(edits)).toBe(false);
    await expect(image.updatedImage(edits)).rejects.toMatchObject({ code: "impossible-copy" });
    const back = destination({ name: "localhost:5000/team/app:1" });
    await using open = await back.to.newImageDestination?.();
    const updated = await image.updatedImage(edits, { destination: open });
    expect(back.put).toEqual([emptyLayerDigest]);
    expect(updated.manifest.mediaType).toBe(dockerSchema1Signed);
    expect(updated.layerInfos.map(({ digest }) => digest)).toEqual([
      sample.layers[0],
      emptyLayerDigest,
      sample.layers[1],
    ]);
  });
});
