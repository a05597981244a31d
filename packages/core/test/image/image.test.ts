import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import { openImage } from "../../src/image/image.ts";
import { UnparsedImage } from "../../src/image/unparsed-image.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";
import { arm, linux, rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

/** The same reference with a source that returns wrong bytes. */
function falsified(
  reference: ImageReference,
  change: (bytes: Uint8Array, instance?: Digest) => Uint8Array,
): ImageReference {
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => {
      const source = await reference.newImageSource();
      return Object.assign(Object.create(source) as typeof source, {
        [Symbol.asyncDispose]: async () => {},
        offers: source.offers,
        reference: source.reference,
        getManifest: async (instance?: Digest) => {
          const raw = await source.getManifest(instance);
          return { ...raw, bytes: change(raw.bytes, instance) };
        },
        getBlob: () =>
          (async function* blob() {
            yield Buffer.from("{}");
          })(),
      });
    },
  });
}

describe("an opened image", () => {
  test("has the content of its manifest and its config", async () => {
    const sample = sampleImage({ platform: arm, layers: ["one", "two", "one"] });
    await using image = await openImage(await stored(sample));
    expect(image.isMultiImage).toBe(false);
    expect(image.instance).toBe(image.manifest);
    expect(image.layerInfos.map(({ size }) => size)).toEqual([3, 3, 3]);
    expect(image.size).toBe(3 + 3 + (image.configInfo?.size ?? 0));
    expect(digestOf((await image.configBlob()) ?? Buffer.alloc(0))).toBe(image.configInfo?.digest);
    expect(await image.inspect()).toMatchObject({
      ...arm,
      layers: image.layerInfos.map((l) => l.digest),
    });
  });

  test("of an index is the instance for the platform, nested or not", async () => {
    const nested = sampleIndex([sampleImage({ platform: arm })]);
    const index = sampleIndex([sampleImage(), { ...nested, platform: arm }]);
    const reference = await stored(index);
    for (const platform of [linux, arm]) {
      await using image = await openImage(reference, { platform });
      expect(image.isMultiImage).toBe(true);
      expect(image.manifest.digest).toBe(index.manifest.digest);
      expect(await image.inspect()).toMatchObject(platform);
    }
  });

  test("that is an artifact cannot be inspected, and the error contains its type", async () => {
    await using image = await openImage(await stored(sampleImage({ configType: "a/config" })));
    await expect(image.inspect()).rejects.toMatchObject({ code: "unsupported" });
    await expect(image.inspect()).rejects.toThrow("a/config");
  });

  test("has a verified config, instance and manifest", async () => {
    const index = sampleIndex([sampleImage()]);
    const reference = await stored(index);
    const spaced = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, Buffer.from(" ")]);
    const top = falsified(reference, (bytes, instance) => (instance ? bytes : spaced(bytes)));
    await expect(openImage(top, { platform: linux })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    const inner = falsified(reference, (bytes, instance) => (instance ? spaced(bytes) : bytes));
    await expect(openImage(inner, { platform: linux })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    await using image = await openImage(
      falsified(reference, (bytes) => bytes),
      { platform: linux },
    );
    await expect(image.configBlob()).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  test("can be edited as a copy", async () => {
    await using image = await openImage(await stored(sampleImage()));
    const before = image.manifest.digest;
    const edits = { manifestMIMEType: mediaTypes.dockerManifest };
    const changed = await image.updatedImage(edits);
    expect(image.updatedImageNeedsLayerDiffIDs(edits)).toBe(false);
    expect([image.manifest.digest, image.reference?.stringWithinTransport]).toEqual([
      before,
      "sample",
    ]);
    expect(changed.reference).toBeUndefined();
    expect(changed.manifest.mediaType).toBe(mediaTypes.dockerManifest);
    expect(changed.manifest.digest).toBe(digestOf(changed.manifest.bytes));
    expect(await changed.configBlob()).toEqual(await image.configBlob());
  });

  test.each(["application/octet-stream", "application/json", "text/html", ""])(
    "of Docker can be inspected if its config has the type %j",
    async (configType) => {
      const manifestType = mediaTypes.dockerManifest;
      await using image = await openImage(await stored(sampleImage({ manifestType, configType })));
      expect(await image.inspect()).toMatchObject(linux);
    },
  );

  test("with a config of a generic type requires a rootfs", async () => {
    const configType = "application/json";
    await using image = await openImage(await stored(sampleImage({ configType })));
    expect(await image.inspect()).toMatchObject(linux);
    for (const manifestType of [mediaTypes.ociManifest, mediaTypes.dockerManifest]) {
      const artifact = withConfig(sampleImage({ configType, manifestType }), '{"rootfs":[]}');
      await using opened = await openImage(await stored(artifact));
      await expect(opened.inspect()).rejects.toMatchObject({ code: "unsupported" });
    }
  });

  test.each([
    '{"os":7}',
    '{"created":{}}',
    '{"config":[]}',
    '{"config":{"Env":[{}]}}',
    '{"config":{"Env":"A=B"}}',
    '{"config":{"Labels":{"a":1}}}',
    '{"config":{"Labels":["a"]}}',
    '{"config":{"Env":[]},"Config":{"Env":["A=B"]}}',
    '{"config":{"labels":{}}}',
  ])(
    "cannot be inspected if its config is %s, which Go rejects or reads differently",
    async (config) => {
      await using image = await openImage(await stored(withConfig(sampleImage(), config)));
      await expect(image.inspect()).rejects.toMatchObject({ code: "invalid-manifest" });
    },
  );

  test("may have labels that differ in case only, and null for arrays and strings", async () => {
    const config = '{"config":{"Labels":{"a":"1","A":"2","b":null},"Env":null}}';
    await using image = await openImage(await stored(withConfig(sampleImage(), config)));
    expect(await image.inspect()).toMatchObject({
      labels: { a: "1", A: "2", b: "" },
      env: undefined,
    });
  });

  test("closes its source when opening fails, and on disposal", async () => {
    const reference = await stored(sampleIndex([sampleImage()]));
    let closed = 0;
    const watched = Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () => {
        const source = await reference.newImageSource();
        return Object.assign(source, { [Symbol.asyncDispose]: async () => void closed++ });
      },
    });
    await expect(openImage(watched, { platform: arm })).rejects.toMatchObject({
      code: "not-found",
    });
    expect(closed).toBe(1);
    await (await openImage(watched, { platform: linux }))[Symbol.asyncDispose]();
    expect(closed).toBe(2);
  });
});

describe("an unparsed image", () => {
  test("requests its manifest once", async () => {
    const source = await (await stored(sampleImage())).newImageSource();
    let asked = 0;
    const counting = Object.assign(Object.create(source) as typeof source, {
      getManifest: () => {
        asked++;
        return source.getManifest();
      },
    });
    const image = new UnparsedImage(counting);
    expect(await image.manifest()).toBe(await image.manifest());
    expect(asked).toBe(1);
  });

  test("rejects a manifest that is too large before it is parsed", async () => {
    const reference = falsified(await stored(sampleImage()), () => Buffer.alloc(5 << 20, " "));
    const image = new UnparsedImage(await reference.newImageSource());
    await expect(image.manifest()).rejects.toMatchObject({ code: "invalid-manifest" });
  });
});

/** Replaces the config of an image. */
function withConfig({ manifest, ...image }: SampleImage, config: string): SampleImage {
  const content = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
    readonly mediaType: string;
    readonly config: object;
  };
  const bytes = Buffer.from(config);
  const digest = digestOf(bytes);
  const changed = { ...content, config: { ...content.config, digest, size: bytes.byteLength } };
  return {
    ...image,
    manifest: rawManifest(changed),
    blobs: new Map([...image.blobs, [digest, bytes]]),
  };
}
