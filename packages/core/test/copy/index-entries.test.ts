import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import type { Notice } from "../../src/contract/notice.ts";
import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import { openImage } from "../../src/image/image.ts";
import type { UnparsedImage } from "../../src/image/unparsed-image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { ImageError } from "../../src/names/image-error.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { arm, linux, rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const { ociIndex, ociArtifact } = mediaTypes;

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

const anywhere = (): ImageReference => memory().parseReference("copy");

interface Entry {
  readonly mediaType?: string;
  readonly digest?: string;
  readonly size?: number;
  readonly platform?: unknown;
}

function entryOf({ manifest, platform }: SampleImage, change: Entry = {}): Entry {
  const { mediaType, digest, bytes } = manifest;
  return { mediaType, digest, size: bytes.byteLength, platform, ...change };
}

/** An index with exactly these entries, and its images and blobs. */
function indexOf(
  entries: readonly Entry[],
  instances: readonly SampleImage[] = [],
  contents: readonly string[] = [],
): SampleImage {
  const manifest = rawManifest({ schemaVersion: 2, mediaType: ociIndex, manifests: entries });
  const blobs = new Map(contents.map((one) => [digestOf(Buffer.from(one)), Buffer.from(one)]));
  return { manifest, blobs, instances };
}

function blobEntry(content: string, mediaType: string): Entry {
  const bytes = Buffer.from(content);
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

const image = sampleImage();
const other = sampleImage({ platform: arm, layers: ["of arm"] });

describe("an index with entries that are not manifests", () => {
  const cache = indexOf(
    [
      blobEntry("layer", "application/vnd.oci.image.layer.v1.tar+gzip"),
      blobEntry("{}", "application/vnd.buildkit.cacheconfig.v0"),
    ],
    [],
    ["layer", "{}"],
  );
  const mixed = indexOf(
    [entryOf(image), blobEntry("<x/>", "application/xml"), entryOf(other)],
    [image, other],
    ["<x/>"],
  );

  test.each([
    ["only", cache, ["layer", "{}"]],
    ["beside images", mixed, ["<x/>"]],
  ])("%s is copied unchanged with all of them", async (_, index, contents) => {
    const to = anywhere();
    const result = await copyImage(await stored(index), to, { instances: "all" });
    expect(result).toMatchObject({ digest: index.manifest.digest, changes: [] });
    await using source = await to.newImageSource();
    for (const content of contents) {
      const digest = digestOf(Buffer.from(content));
      const chunks = await Array.fromAsync(source.getBlob({ digest }));
      expect(Buffer.concat(chunks).toString()).toBe(content);
    }
  });

  test("is verified with them", async () => {
    const whole = await verifyImage(await stored(mixed));
    expect(whole).toMatchObject({ problems: [], manifests: { count: 3 } });
    const lacking = { ...mixed, blobs: new Map() };
    const { problems } = await verifyImage(await stored(lacking));
    expect(problems).toMatchObject([{ kind: "missing", part: "blob" }]);
  });

  test("has none of them for a platform", async () => {
    await using opened = await openImage(await stored(mixed), { platform: arm });
    expect(opened.instance.digest).toBe(other.manifest.digest);
    const attempt = openImage(await stored(cache), { platform: linux });
    await expect(attempt).rejects.toMatchObject({ code: "not-found" });
  });

  test("loses them if only some platforms are copied", async () => {
    const to = anywhere();
    const instances = { platforms: [linux] };
    const { manifest } = await copyImage(await stored(mixed), to, { instances });
    expect(parseManifest(manifest)).toMatchObject({ manifests: [{ platform: linux }] });
  });
});

describe("an index that lists one image several times", () => {
  const twice = indexOf(
    [entryOf(image), entryOf(image, { platform: arm }), entryOf(other, { platform: undefined })],
    [image, other],
  );

  test("is copied unchanged", async () => {
    const result = await copyImage(await stored(twice), anywhere(), { instances: "all" });
    expect(result.digest).toBe(twice.manifest.digest);
  });

  test("keeps all entries of an image that is selected by one", async () => {
    const instances = { platforms: [linux] };
    const { manifest } = await copyImage(await stored(twice), anywhere(), { instances });
    expect(parseManifest(manifest)).toMatchObject({
      manifests: [{ platform: linux }, { platform: arm }],
    });
  });
});

test.each([
  ["without an os", { architecture: "amd64" }],
  ["without an architecture", { os: "linux" }],
  ["without fields", {}],
  ["with null fields", { os: null, architecture: null }],
])("a platform %s matches no platform, and its index can be copied", async (_, platform) => {
  const index = indexOf([entryOf(image, { platform }), entryOf(other)], [image, other]);
  const from = await stored(index);
  expect((await copyImage(from, anywhere(), { instances: "all" })).digest).toBe(
    index.manifest.digest,
  );
  await expect(openImage(from, { platform: linux })).rejects.toMatchObject({ code: "not-found" });
});

describe("an index with a wrong size of a manifest", () => {
  const wrong = entryOf(image, { size: image.manifest.bytes.byteLength + 7 });
  const index = indexOf([wrong], [image]);

  test.each(["all", "system", { platforms: [linux] }] as const)(
    "is rejected when %j is copied",
    async (instances) => {
      const attempt = copyImage(await stored(index), anywhere(), { instances, platform: linux });
      await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    },
  );

  test("is rejected if another entry has the right size", async () => {
    const both = indexOf([entryOf(image), wrong], [image]);
    const attempt = copyImage(await stored(both), anywhere(), { instances: "all" });
    await expect(attempt).rejects.toMatchObject({ code: "digest-mismatch" });
    const { problems } = await verifyImage(await stored(both));
    expect(problems).toMatchObject([{ kind: "wrong-size", part: "manifest" }]);
  });

  test("is rejected when it is opened, and reported when it is verified", async () => {
    await expect(openImage(await stored(index), { platform: linux })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    const { problems } = await verifyImage(await stored(index));
    expect(problems).toMatchObject([{ kind: "wrong-size", part: "manifest" }]);
  });
});

test("an index with a wrong media type of an image does not change", async () => {
  const entry = entryOf(image, { mediaType: mediaTypes.dockerManifest });
  const index = indexOf([entry], [image]);
  const result = await copyImage(await stored(index), anywhere(), { instances: "all" });
  expect(result.digest).toBe(index.manifest.digest);
});

describe("nested indexes", () => {
  const nested = (levels: number, times: number): SampleImage => {
    let top = { ...image, platform: linux };
    for (let level = 0; level < levels; level++) {
      const index = sampleIndex(Array.from({ length: times }, () => top));
      top = { ...index, instances: [top], platform: linux };
    }
    return top;
  };

  /** Counts reads of manifests. */
  function counted(reference: ImageReference, read: (Digest | undefined)[]): ImageReference {
    return Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async (): Promise<ImageSource> => {
        const source = await reference.newImageSource();
        const getManifest = source.getManifest.bind(source);
        return Object.assign(source, {
          getManifest: async (instance?: Digest) => {
            read.push(instance);
            return getManifest(instance);
          },
        });
      },
    });
  }

  test("with repeated entries are read once each", async () => {
    const read: (Digest | undefined)[] = [];
    const top = nested(6, 3);
    const result = await copyImage(counted(await stored(top), read), anywhere(), {
      instances: "all",
    });
    expect(result.digest).toBe(top.manifest.digest);
    expect(read.length).toBe(7);
  });

  test.each([
    ["nested too deeply", 9, 1],
    ["nested far too deeply", 60, 2],
    ["of too many manifests", 7, 5],
  ])("%s are rejected by all operations", async (_, levels, times) => {
    const from = await stored(nested(levels, times));
    const refused = { code: "invalid-manifest" };
    await expect(copyImage(from, anywhere(), { instances: "all" })).rejects.toMatchObject(refused);
    await expect(previewCopy(from, anywhere(), { instances: "all" })).rejects.toMatchObject(
      refused,
    );
    expect(await verifyImage(from)).toMatchObject({
      problems: [],
      manifests: { count: levels + 1 },
    });
  });

  test("nested too deeply are rejected if one image is selected", async () => {
    const from = await stored(nested(60, 2));
    const wanted = { platform: linux };
    await expect(openImage(from, wanted)).rejects.toMatchObject({ code: "invalid-manifest" });
    await expect(copyImage(from, anywhere(), wanted)).rejects.toMatchObject({
      code: "invalid-manifest",
    });
  });
});

describe("the policy", () => {
  const refusing = (asked: (Digest | undefined)[]) => ({
    admit: async ({ instance }: UnparsedImage): Promise<void> => {
      asked.push(instance);
      throw new ImageError("untrusted", "No");
    },
  });

  /** A source with these bytes as its manifest, optionally with a media type. */
  function only(bytes: string, mediaType?: string): ImageReference {
    const reference = anywhere();
    return Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () => ({
        reference,
        offers: { parallelBlobs: 1, ranges: false },
        getManifest: async (): Promise<RawManifest> => ({ bytes: Buffer.from(bytes), mediaType }),
        [Symbol.asyncDispose]: async () => {},
      }),
    });
  }

  test.each([
    ["not JSON", "{", undefined],
    ["not JSON, but stored as an image", "{", mediaTypes.ociManifest],
    ["a web page", "<html>", "text/html"],
    ["nested deeply", "[".repeat(100_000), undefined],
    ["ambiguous", '{"schemaVersion":2,"schemaVersion":2}', mediaTypes.dockerManifest],
    ["an index of unreported type", `{"mediaType":"${ociIndex}"}`, undefined],
  ])("checks before parsing a manifest that is %s", async (_, bytes, mediaType) => {
    for (const open of [
      (policy: ReturnType<typeof refusing>) =>
        copyImage(only(bytes, mediaType), anywhere(), { policy }),
      (policy: ReturnType<typeof refusing>) => openImage(only(bytes, mediaType), { policy }),
    ]) {
      const asked: (Digest | undefined)[] = [];
      await expect(open(refusing(asked))).rejects.toMatchObject({ code: "untrusted" });
      expect(asked).toHaveLength(1);
    }
  });

  test("checks the image that is opened, not its index", async () => {
    const asked: (Digest | undefined)[] = [];
    const from = await stored(sampleIndex([image, other]));
    const attempt = openImage(from, { platform: arm, policy: refusing(asked) });
    await expect(attempt).rejects.toMatchObject({ code: "untrusted" });
    expect(asked).toEqual([other.manifest.digest]);
  });
});

describe("an artifact manifest", () => {
  const content = Buffer.from("signature");
  const subject = entryOf(image, { platform: undefined });
  const artifact: SampleImage = {
    manifest: rawManifest({
      mediaType: ociArtifact,
      artifactType: "application/vnd.cncf.notary.signature",
      blobs: [blobEntry("signature", "application/jose+json")],
      subject,
    }),
    blobs: new Map([[digestOf(content), content]]),
    instances: [],
  };

  test("is copied unchanged", async () => {
    const result = await copyImage(await stored(artifact), anywhere());
    expect(result).toMatchObject({ digest: artifact.manifest.digest, blobs: { copied: 1 } });
  });

  test("is copied with the image that it refers to, and verified", async () => {
    const from = memory().parseReference("signed");
    await write({ ...image, instances: [artifact] }, from);
    const to = anywhere();
    expect(await copyImage(from, to, { referrers: true })).toMatchObject({ referrers: 1 });
    expect(await verifyImage(to, { referrers: true })).toMatchObject({
      problems: [],
      manifests: { count: 2 },
    });
  });

  test("cannot be opened or converted as an image", async () => {
    await expect(openImage(await stored(artifact))).rejects.toMatchObject({ code: "unsupported" });
    const options = { manifestMIMEType: mediaTypes.ociManifest };
    await expect(copyImage(await stored(artifact), anywhere(), options)).rejects.toMatchObject({
      code: "impossible-copy",
    });
  });
});

test("a referrer of an unknown type is omitted and reported", async () => {
  const real = await stored(image);
  const unknown = { ...blobEntry("{}", "application/vnd.example.manifest.v9+json") };
  const from = Object.assign(Object.create(real) as ImageReference, {
    newImageSource: async () => {
      const source = await real.newImageSource();
      return Object.assign(source, {
        async *getReferrers() {
          yield unknown;
        },
      });
    },
  });
  const notices: Notice[] = [];
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const result = await copyImage(from, anywhere(), { referrers: true, onNotice });
  expect(result.referrers).toBe(0);
  expect(notices).toMatchObject([{ kind: "left-out" }]);
});
