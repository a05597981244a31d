import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import { compressed } from "../../src/compression/compression.ts";
import type { LayerCompressor } from "../../src/compression/layer-compressor.ts";
import type { BlobInfo } from "../../src/contract/blob-info.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { executeCopy } from "../../src/copy/execute-copy.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { openImage } from "../../src/image/image.ts";
import { memory } from "../../src/memory/index.ts";
import type { Digest } from "../../src/names/digest.ts";
import { sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const tar = "application/vnd.oci.image.layer.v1.tar";

/** Compresses with zstd, and counts the uncompressed bytes in an annotation. */
const counting: LayerCompressor = {
  name: "zstd:counted",
  baseFormat: "zstd",
  annotation: "test.count",
  compress: (bytes, { level }) => {
    let count = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        count += chunk.byteLength;
        yield chunk;
      }
    };
    return {
      bytes: compressed(counted(), { format: "zstd", level }),
      annotations: () => ({ "test.count": String(count), "test.level": String(level) }),
    };
  },
};
const compressors = [counting];
const forced = { format: "zstd:counted", force: true } as const;

async function copied(image: SampleImage, options: CopyOptions): Promise<readonly BlobInfo[]> {
  const from = memory().parseReference("from");
  await write(image, from);
  return layersOf(from, options);
}

async function layersOf(from: ImageReference, options: CopyOptions): Promise<readonly BlobInfo[]> {
  const to = memory().parseReference("to");
  await copyImage(from, to, { compressors, ...options });
  await using copy = await openImage(to);
  return copy.layerInfos;
}

const gzipped = (): SampleImage => sampleImage({ layers: [zlib.gzipSync("content")] });

describe("a compressor", () => {
  test("adds annotations to its layers, which have the media type of its base format", async () => {
    const [layer] = await copied(gzipped(), { compression: { ...forced, level: 5 } });
    expect(layer).toMatchObject({
      mediaType: `${tar}+zstd`,
      annotations: { "test.count": "7", "test.level": "5" },
    });
  });

  test("compresses layers of its base format, and no layer twice", async () => {
    const layerType = `${tar}+zstd`;
    const image = sampleImage({ layers: [zlib.zstdCompressSync("content")], layerType });
    const from = memory().parseReference("from");
    await write(image, from);
    const once = memory().parseReference("once");
    await copyImage(from, once, { compressors, compression: forced });
    const [first] = await layersOf(once, {});
    expect(first?.annotations).toMatchObject({ "test.count": "7" });
    expect(await layersOf(once, { compression: forced })).toEqual([first]);
  });

  test("makes variants of an index, which are marked as zstd", async () => {
    const from = memory().parseReference("from");
    await write(sampleIndex([gzipped()]), from);
    const to = memory().parseReference("to");
    const { manifest } = await copyImage(from, to, {
      compressors,
      instances: "all",
      ensureCompressionVariantsExist: [{ format: "zstd:counted" }],
    });
    const { manifests } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
      manifests: readonly { digest: Digest }[];
    };
    expect(manifests).toMatchObject([
      {},
      { annotations: { "io.github.containers.compression.zstd": "true" } },
    ]);
    await using source = await to.newImageSource();
    const variant = await source.getManifest(manifests[1]?.digest);
    expect(Buffer.from(variant.bytes).toString()).toContain(`"test.count":"7"`);
  });

  test("must be passed to execute a plan that names it", async () => {
    const image = gzipped();
    const from = memory().parseReference("from");
    await write(image, from);
    const plan = planCopy(copyFacts(factsOf(image)), { compressors, compression: forced });
    await using source = await from.newImageSource();
    await using destination = await memory().parseReference("to").newImageDestination();
    await expect(executeCopy(plan, source, destination)).rejects.toMatchObject({
      code: "unsupported",
    });
  });
});

describe("encrypted layers", () => {
  const encryption: NonNullable<CopyOptions["encryption"]> = {
    encrypter: {
      encrypt: (bytes) => ({ bytes, annotations: async () => ({ "test.encrypted": "true" }) }),
    },
  };

  test("are compressed with the base format, with a notice", async () => {
    const notices: string[] = [];
    const from = memory().parseReference("from");
    await write(sampleImage({ layers: ["content"], layerType: tar }), from);
    const to = memory().parseReference("to");
    await copyImage(from, to, {
      compressors,
      compression: { format: "zstd:counted" },
      encryption,
      onNotice: (notice) => notices.push(JSON.stringify(notice)),
    });
    await using copy = await openImage(to);
    expect(copy.layerInfos[0]?.annotations?.["test.count"]).toBeUndefined();
    expect(notices).toEqual([expect.stringContaining("zstd instead of zstd:counted")]);
  });

  test("cannot have variants, which would be readable", () => {
    const facts = copyFacts(factsOf(sampleIndex([gzipped()])));
    const options = { encryption, ensureCompressionVariantsExist: [{ format: "zstd" }] };
    expect(() => planCopy(facts, options)).toThrow(
      expect.objectContaining({ code: "impossible-copy" }),
    );
  });
});
