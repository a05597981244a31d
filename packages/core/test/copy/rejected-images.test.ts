import { describe, expect, test } from "vitest";

import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import { altered } from "../altered-reference.ts";
import { rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { schema1Sample } from "../schema1/sample-schema1.ts";

/** An image that a copy rejects, and the error. */
interface RejectedImage {
  readonly image: SampleImage;
  readonly options?: CopyOptions;
  /** The media type that the source reports. Default: that of the image. */
  readonly storedType?: string | undefined;
  readonly code?: string;
  /** The end of the message, with what to do. */
  readonly message: string;
}

const { ociManifest, ociIndex, dockerManifest, dockerList, dockerSchema1, dockerSchema1Signed } =
  mediaTypes;
const asDocker = { manifestMIMEType: dockerManifest };
const asOCI = { manifestMIMEType: ociManifest };
const asSchema1 = { manifestMIMEType: dockerSchema1Signed };
const ociTar = "application/vnd.oci.image.layer.v1.tar";

interface SampleContent {
  readonly mediaType: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly layers: readonly object[];
}

/** The sample with changes in the JSON of its manifest. */
function changed(image: SampleImage, change: (manifest: SampleContent) => object): SampleImage {
  const content = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as SampleContent;
  const other = { ...content, ...change(content) };
  return { ...image, manifest: rawManifest(other) };
}

interface History {
  readonly id: string;
  readonly parent?: string;
}

/** An unsigned image of schema 1 with another history, the top layer first. */
function schema1With(change: (history: readonly History[]) => readonly object[]): SampleImage {
  const manifest = JSON.parse(sample.payload) as {
    history: readonly { v1Compatibility: string }[];
  };
  const history = manifest.history.map(
    ({ v1Compatibility }) => JSON.parse(v1Compatibility) as History,
  );
  const changedHistory = change(history).map((entry) => ({
    v1Compatibility: JSON.stringify(entry),
  }));
  return schema1(sample, { ...manifest, history: changedHistory });
}

function schema1({ blobs }: SampleImage, content: object): SampleImage {
  const bytes = Buffer.from(JSON.stringify(content));
  return {
    manifest: { bytes, digest: digestOf(bytes), mediaType: dockerSchema1 },
    blobs,
    instances: [],
  };
}

const sample = schema1Sample();
const payload = JSON.parse(sample.payload) as Readonly<Record<string, readonly object[]>>;
const [top = "", middle = "", base = ""] = (payload["history"] ?? []).map(
  (entry) => (JSON.parse((entry as { v1Compatibility: string }).v1Compatibility) as History).id,
);

/** An image of schema 2 whose config has this history. */
function withHistory(history: readonly object[]): SampleImage {
  const image = sampleImage({ layers: ["a"], manifestType: dockerManifest });
  const config = Buffer.from(JSON.stringify({ os: "linux", history }));
  const described = {
    mediaType: mediaTypes.dockerConfig,
    digest: digestOf(config),
    size: config.byteLength,
  };
  const withConfig = changed(image, () => ({ config: described }));
  return { ...withConfig, blobs: new Map([...image.blobs, [digestOf(config), config]]) };
}

const rejected: Readonly<Record<string, Readonly<Record<string, RejectedImage>>>> = {
  "the type of a manifest": {
    "of another version": {
      image: sampleImage({ extra: { schemaVersion: 1 } }),
      message: "its schemaVersion is not 2; rebuild the image",
    },
    "that is unknown": {
      image: changed(sampleImage(), () => ({ mediaType: "a/b" })),
      storedType: "a/b",
      message: "its media type is unknown (stored as a/b); copy it with the tool that wrote it",
    },
    "that neither the source nor the content contains": {
      image: changed(sampleImage(), () => ({ mediaType: undefined, schemaVersion: 99_999 })),
      storedType: undefined,
      message: "its media type is unknown; copy it with the tool that wrote it",
    },
    "that the source contradicts": {
      image: sampleImage(),
      storedType: dockerManifest,
      message: `it is stored as ${dockerManifest} but its mediaType is ${ociManifest}; push the image again`,
    },
    "of an index with a config": {
      image: changed(sampleIndex([sampleImage()]), () => ({ config: { mediaType: "a/b" } })),
      message: `${ociIndex} does not allow config; rebuild the image`,
    },
    "in another spelling": {
      image: changed(sampleImage(), () => ({ Config: {} })),
      message:
        'ambiguous: "Config" is read as config by other programs; write each field once, as its format spells it',
    },
  },
  "a descriptor": {
    "with a negative size": {
      image: changed(sampleImage(), ({ layers }) => ({ layers: [{ ...layers[0], size: -1 }] })),
      message: "layers[0] has an invalid size: -1; rebuild the image",
    },
    "without a size": {
      image: changed(sampleImage(), ({ config }) => ({ config: { ...config, size: undefined } })),
      message: "config has no size; rebuild the image",
    },
    "without a digest": {
      image: changed(sampleImage(), ({ config }) => ({ config: { ...config, digest: "" } })),
      message: 'config has an invalid digest: ""; rebuild the image',
    },
    "without a media type": {
      image: changed(sampleImage(), ({ layers }) => ({
        layers: [{ ...layers[0], mediaType: "" }],
      })),
      message: "layers[0] has no mediaType; rebuild the image",
    },
  },
  "a manifest of schema 1": {
    "with fewer entries in its history than layers": {
      image: schema1With((history) => history.slice(1)),
      message: "it has 3 fsLayers, but 2 entries in its history; rebuild the image",
    },
    "without layers": {
      image: schema1(sample, { ...payload, fsLayers: [], history: [] }),
      message: "it has no fsLayers; rebuild the image",
    },
    "with an id that is no digest": {
      image: schema1With(([first, ...others]) => [{ ...first, id: "1" }, ...others]),
      message: "its id is not 64 hexadecimal digits; rebuild the image",
    },
    "with another parent than the layer below": {
      image: schema1With(([first, ...others]) => [{ ...first, parent: base }, ...others]),
      message: `the layer ${top} should have the parent ${middle}; rebuild the image`,
    },
    "with a parent of its base": {
      image: schema1With((history) => [
        ...history.slice(0, -1),
        { ...history.at(-1), parent: top },
      ]),
      message: `the layer ${base} should have no parent, because it is the base; rebuild the image`,
    },
    "with an id that returns": {
      image: schema1With(([first, ...others]) => [{ ...first, id: base }, ...others]),
      message: `the id ${base} occurs more than once in its history; rebuild the image`,
    },
  },
  "a conversion": {
    "of an artifact": {
      image: sampleImage({ configType: "a/config" }),
      options: asDocker,
      code: "impossible-copy",
      message: `${dockerManifest} was requested, and it cannot be converted: it is an artifact, not an image (keep the type)`,
    },
    "of an artifact to schema 1": {
      image: sampleImage({ configType: "a/config" }),
      options: asSchema1,
      code: "impossible-copy",
      message: "it is an artifact, not an image (keep the type)",
    },
    "of encrypted layers to schema 2": {
      image: sampleImage({ layerType: `${ociTar}+gzip+encrypted` }),
      options: asDocker,
      code: "impossible-copy",
      message: `${dockerManifest} has no layers of type ${ociTar}+gzip+encrypted (decrypt the layers, or keep the type)`,
    },
    "of zstd layers to schema 2": {
      image: sampleImage({ layerType: `${ociTar}+zstd` }),
      options: asDocker,
      code: "impossible-copy",
      message: `${dockerManifest} has no layers of type ${ociTar}+zstd (compress the layers with gzip, or keep the type)`,
    },
    "of zstd layers to schema 1": {
      image: sampleImage({ layerType: `${ociTar}+zstd` }),
      options: asSchema1,
      code: "impossible-copy",
      message: `${dockerSchema1Signed} has no layers of type ${ociTar}+zstd (compress the layers with gzip, or keep the type)`,
    },
    "of layers of an unknown type to schema 2": {
      image: sampleImage({ layerType: `${ociTar}+invalid-suffix` }),
      options: asDocker,
      code: "impossible-copy",
      message: `${dockerManifest} has no layers of type ${ociTar}+invalid-suffix (keep the type)`,
    },
    "of layers of an unknown type to OCI": {
      image: sampleImage({ manifestType: dockerManifest, layerType: "a/layer" }),
      options: asOCI,
      code: "impossible-copy",
      message: `${ociManifest} has no layers of type a/layer (keep the type)`,
    },
    "to schema 1 without a history": {
      image: withHistory([]),
      options: asSchema1,
      code: "impossible-copy",
      message: "it has no history, which schema 1 needs; choose another format",
    },
    "to schema 1 with a history of more layers": {
      image: withHistory([{}, {}]),
      options: asSchema1,
      code: "impossible-copy",
      message: "its history describes 2 layers, but the image has 1; choose another format",
    },
    "to schema 1 with a history of fewer layers": {
      image: withHistory([{ empty_layer: true }]),
      options: asSchema1,
      code: "impossible-copy",
      message: "its history describes 0 layers, but the image has 1; choose another format",
    },
  },
};

describe.each(Object.entries(rejected))("%s", (_, table) => {
  test.each(Object.entries(table))("%s is rejected", async (_name, row) => {
    const { image, options, code = "invalid-manifest", message } = row;
    const stored = memory().parseReference("from");
    await write(image, stored);
    const storedType = "storedType" in row ? row.storedType : image.manifest.mediaType;
    const from = altered(stored, {
      source: (real) => ({
        getManifest: async (...parameters): Promise<RawManifest> => {
          const { bytes, mediaType } = await real.getManifest(...parameters);
          return { bytes, mediaType: parameters[0] === undefined ? storedType : mediaType };
        },
      }),
    });
    const to = memory().parseReference("to");
    const error: unknown = await copyImage(from, to, { instances: "all", ...options }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code });
    expect((error as Error).message.slice(-message.length)).toBe(message);
    await expect(to.newImageSource()).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("what containers/image rejects, and a copy keeps because it changes no byte:", () => {
  test.each([
    [
      "layers of an unknown type in schema 2",
      sampleImage({ manifestType: dockerManifest, layerType: "a/layer" }),
    ],
    ["an index in an index", sampleIndex([sampleIndex([sampleImage()])])],
    ["a list in an index", sampleIndex([sampleIndex([sampleImage()], dockerList)])],
  ])("%s", async (_, image) => {
    const from = memory().parseReference("from");
    await write(image, from);
    const { digest } = await copyImage(from, memory().parseReference("to"), { instances: "all" });
    expect(digest).toBe(image.manifest.digest);
  });
});
