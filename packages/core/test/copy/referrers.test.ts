import { describe, expect, test } from "vitest";

import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestTagsOf, referrersTagOf } from "../../src/names/digest-tag.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const empty = "application/vnd.oci.empty.v1+json";
const [sbomType, signatureType] = ["application/spdx+json", "application/example.signature"];

function about({ manifest }: SampleImage, artifactType: string): SampleImage {
  const { mediaType, digest, bytes } = manifest;
  const subject = { mediaType, digest, size: bytes.byteLength };
  const layers = [`${artifactType} of ${digest}`];
  return sampleImage({ layers, configType: empty, extra: { artifactType, subject } });
}

/** A reference to an image in a store with other content. */
interface Place {
  readonly image: SampleImage;
  readonly referrers?: readonly SampleImage[];
  readonly tagged?: Readonly<Record<string, SampleImage>>;
}

async function placed({ image, referrers = [], tagged = {} }: Place): Promise<ImageReference> {
  const reference = memory().parseReference("image");
  await using destination = await reference.newImageDestination();
  const tags = Object.entries(tagged);
  for (const one of [image, ...image.instances, ...referrers, ...Object.values(tagged)]) {
    for (const [digest, bytes] of one.blobs) await destination.putBlob(once(bytes), { digest });
  }
  for (const { manifest } of [...image.instances, ...referrers]) {
    await destination.putManifest(manifest, { instance: manifest.digest });
  }
  for (const [tag, { manifest }] of tags)
    await destination.putManifest(manifest, { instance: manifest.digest, tag });
  await destination.putManifest(image.manifest);
  await destination.commit();
  return reference;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** All referrers of these digests in a store, including referrers of referrers. */
async function foundAt(
  reference: ImageReference,
  ...subjects: readonly SampleImage[]
): Promise<readonly string[]> {
  await using source = await reference.newImageSource();
  const found: string[] = [];
  for (const { manifest } of subjects) {
    for await (const { digest, tag } of source.getReferrers?.(manifest.digest) ?? [])
      found.push(tag === undefined ? digest : `${tag} ${digest}`);
  }
  return found;
}

function accepting(more: Partial<DestinationAccepts>): ImageReference {
  const real = memory().parseReference("copy");
  return Object.assign(Object.create(real) as ImageReference, {
    newImageDestination: async () => {
      const destination = await real.newImageDestination();
      return Object.assign(destination, { accepts: { ...destination.accepts, ...more } });
    },
  });
}

const anywhere = (): ImageReference => memory().parseReference("copy");
const all: CopyOptions = { referrers: true, instances: "all" };
const impossible = expect.objectContaining({ code: "impossible-copy" }) as Error;

const image = sampleImage();
const sbom = about(image, sbomType);
const ofSBOM = about(sbom, signatureType);
const [sigTag = "", attTag = ""] = digestTagsOf(image.manifest.digest);
const cosigned = sampleImage({ layers: ["cosign"], layerType: "application/example.payload" });

describe("referrers", () => {
  test("are copied on request, with their own referrers", async () => {
    const from = await placed({ image, referrers: [ofSBOM, sbom] });
    const to = anywhere();
    const result = await copyImage(from, to, { referrers: true });
    expect(result).toMatchObject({ digest: image.manifest.digest, referrers: 2, changes: [] });
    expect(await foundAt(to, image, sbom)).toEqual([sbom.manifest.digest, ofSBOM.manifest.digest]);
    const without = anywhere();
    expect(await copyImage(from, without)).toMatchObject({ referrers: 0 });
    expect(await foundAt(without, image)).toEqual([]);
  });

  test("of an index and of each copied instance are included", async () => {
    const index = sampleIndex([image, sampleImage({ platform: arm })]);
    const referrers = [index, ...index.instances].map((one) => about(one, signatureType));
    const from = await placed({ image: index, referrers });
    const to = anywhere();
    await copyImage(from, to, all);
    const digests = referrers.map(({ manifest }) => manifest.digest);
    expect(await foundAt(to, index, ...index.instances)).toEqual(digests);
    const single = await copyImage(from, anywhere(), { referrers: true, platform: arm });
    expect(single.referrers).toBe(1);
  });

  test("that are indexes are copied with their instances", async () => {
    const inner = sampleImage({ layers: ["inner"], platform: arm });
    const { mediaType, digest, bytes } = image.manifest;
    const subject = { mediaType, digest, size: bytes.byteLength };
    const bundle = sampleIndex([inner], mediaTypes.ociIndex, { artifactType: "a/bundle", subject });
    const from = await placed({ image, referrers: [inner, bundle] });
    const to = anywhere();
    await copyImage(from, to, { referrers: { artifactTypes: ["a/bundle"] } });
    expect(await foundAt(to, image)).toEqual([bundle.manifest.digest]);
    await using source = await to.newImageSource();
    expect((await source.getManifest(inner.manifest.digest)).bytes).toEqual(inner.manifest.bytes);
  });

  test("with tags derived from the digest are included, with their own referrers", async () => {
    const [ofSig = ""] = digestTagsOf(cosigned.manifest.digest);
    const other = sampleImage({ layers: ["signature of a signature"] });
    const tagged = { [sigTag]: cosigned, [attTag]: cosigned, [ofSig]: other, unrelated: other };
    const to = anywhere();
    const { referrers } = await copyImage(await placed({ image, tagged }), to, { referrers: true });
    expect(referrers).toBe(3);
    expect(await foundAt(to, image, cosigned)).toEqual([
      `${sigTag} ${cosigned.manifest.digest}`,
      `${attTag} ${cosigned.manifest.digest}`,
      `${ofSig} ${other.manifest.digest}`,
    ]);
  });

  test("that refer to themselves by their tags do not loop", async () => {
    const [ofSig = ""] = digestTagsOf(cosigned.manifest.digest);
    const from = await placed({ image, tagged: { [sigTag]: cosigned, [ofSig]: cosigned } });
    expect(await copyImage(from, anywhere(), { referrers: true })).toMatchObject({ referrers: 2 });
  });

  test.each([
    [[sbomType], [sbom.manifest.digest]],
    [[signatureType], []],
    [
      [signatureType, sbomType],
      [sbom.manifest.digest, ofSBOM.manifest.digest],
    ],
    [["application/example.payload"], [`${sigTag} ${cosigned.manifest.digest}`]],
  ])("of the types %j only are included", async (artifactTypes, expected) => {
    const from = await placed({ image, referrers: [sbom, ofSBOM], tagged: { [sigTag]: cosigned } });
    const to = anywhere();
    await copyImage(from, to, { referrers: { artifactTypes } });
    expect(await foundAt(to, image, sbom)).toEqual(expected);
  });

  test("that are listed but no longer exist are omitted", async () => {
    const gone: Digest = digestOf(Buffer.from("gone"));
    const from = await placed({ image, referrers: [sbom] });
    const lying = Object.assign(Object.create(from) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await from.newImageSource(), {
          async *getReferrers(subject: Digest) {
            if (subject !== image.manifest.digest) return;
            yield { digest: gone, size: 1, mediaType: mediaTypes.ociManifest };
            yield { digest: sbom.manifest.digest, size: 1, mediaType: mediaTypes.ociManifest };
          },
        }),
    });
    const result = await copyImage(lying, anywhere(), { referrers: true });
    expect(result.referrers).toBe(1);
  });

  test("without end are rejected", async () => {
    const from = await placed({ image });
    const endless = Object.assign(Object.create(from) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await from.newImageSource(), {
          async *getReferrers() {
            for (let at = 0; ; at++) yield { digest: digestOf(Buffer.from(String(at))) };
          },
        }),
    });
    const copy = copyImage(endless, anywhere(), { referrers: true });
    await expect(copy).rejects.toMatchObject({ code: "unsupported" });
  });

  test("that already exist are not copied again", async () => {
    const from = await placed({ image, referrers: [sbom], tagged: { [sigTag]: cosigned } });
    const to = anywhere();
    await copyImage(from, to);
    expect(await copyImage(from, to, { referrers: true })).toMatchObject({
      alreadyThere: false,
      referrers: 2,
      blobs: { copied: 2 },
    });
    expect(await copyImage(from, to, { referrers: true })).toMatchObject({ alreadyThere: true });
  });

  test("may be instances of the same index", async () => {
    const attestation = { ...about(image, sbomType), platform: arm };
    const index = sampleIndex([image, attestation]);
    const result = await copyImage(await placed({ image: index }), anywhere(), all);
    expect(result).toMatchObject({ digest: index.manifest.digest, referrers: 0 });
  });

  test("of a source without support are rejected", async () => {
    const from = await placed({ image });
    const bare = Object.assign(Object.create(from) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await from.newImageSource(), {
          getReferrers: undefined,
        }),
    });
    const copy = copyImage(bare, anywhere(), { referrers: true });
    await expect(copy).rejects.toMatchObject({ code: "unsupported" });
  });

  test("are rejected by a destination without support, unless there are none", async () => {
    const to = accepting({ referrers: false });
    const from = await placed({ image, referrers: [sbom] });
    await expect(copyImage(from, to, { referrers: true })).rejects.toEqual(impossible);
    await expect(copyImage(from, to, { referrers: true })).rejects.toThrow("stores none");
    const alone = await copyImage(await placed({ image }), to, { referrers: true });
    expect(alone.digest).toBe(image.manifest.digest);
  });

  test("are shown in the plan", async () => {
    const from = await placed({ image, referrers: [sbom], tagged: { [sigTag]: cosigned } });
    const text = formatPlan(await previewCopy(from, anywhere(), { referrers: true }));
    const { digest } = image.manifest;
    expect(text).toContain(
      `referrer ${sbom.manifest.digest} (${sbomType}): it refers to ${digest}`,
    );
    expect(text).toContain(`referrer ${cosigned.manifest.digest} (${sigTag}): it refers to`);
  });
});

describe("the subject of referrers", () => {
  const plain = sampleImage({ layers: ["a"], layerType: "application/vnd.oci.image.layer.v1.tar" });
  const signature = about(plain, signatureType);

  test("is not recompressed", async () => {
    const to = accepting({ layers: "compress" });
    const from = await placed({ image: plain, referrers: [signature] });
    expect((await copyImage(from, to)).digest).not.toBe(plain.manifest.digest);
    const result = await copyImage(from, to, { referrers: true });
    expect(result.digest).toBe(plain.manifest.digest);
  });

  test.each<[string, CopyOptions]>([
    ["another type", { manifestMIMEType: mediaTypes.dockerManifest }],
    ["fewer instances", { instances: { platforms: [arm] } }],
  ])("does not get %s", async (_, options) => {
    const index = sampleIndex([plain, sampleImage({ platform: arm })]);
    const from = await placed({ image: index, referrers: [about(index, signatureType)] });
    const copy = copyImage(from, anywhere(), { instances: "all", ...options, referrers: true });
    await expect(copy).rejects.toEqual(impossible);
  });

  test("changes if it has no referrers", async () => {
    const index = sampleIndex([plain, sampleImage({ platform: arm })]);
    const from = await placed({ image: index, referrers: [signature] });
    const result = await copyImage(from, anywhere(), {
      instances: { platforms: [{ os: "linux", architecture: "amd64" }] },
      referrers: true,
    });
    expect(result).toMatchObject({ referrers: 1, changes: [{ from: index.manifest.digest }] });
  });
});

test("tags derived from digests are valid for every algorithm", () => {
  const short = digestOf(Buffer.from("x"));
  const long = digestOf(Buffer.from("x"), "sha512");
  expect(digestTagsOf(short)[0]).toBe(`${short.replace(":", "-")}.sig`);
  expect(digestTagsOf(long)).toEqual([]);
  expect(referrersTagOf(short)).toBe(short.replace(":", "-"));
  expect(referrersTagOf(long)).toBe(long.replace(":", "-").slice(0, "sha512-".length + 64));
});
