import { execFileSync } from "node:child_process";

import { copyImage, digestOf, mediaTypes, openImage } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import { decompressed } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { findProgram } from "@drayage/test-support";
import { inMemory } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { decompressedBytes } from "../src/index.ts";

const tar = Buffer.alloc(300_000, "content of a layer ");

/** An image whose layer has the media type for gzip, as skopeo writes it for any layer of an archive. */
function imageWith(layer: Buffer): WholeImage {
  const blobs = new Map<Digest, Uint8Array>();
  const add = (bytes: Buffer, mediaType: string): object => {
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  };
  const rootfs = { type: "layers", diff_ids: [digestOf(tar)] };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: add(Buffer.from(JSON.stringify({ rootfs })), mediaTypes.ociConfig),
    layers: [add(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const { mediaType } = manifest;
  return { manifest: { bytes, digest: digestOf(bytes), mediaType }, instances: [], blobs };
}

/** A memory reference whose destination requires this layer form. */
function wanting(layers: "decompress" | "compress"): ImageReference {
  const reference = memory().parseReference("copy");
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => reference.newImageSource(),
    newImageDestination: async () => {
      const real = await reference.newImageDestination();
      return Object.assign(real, { accepts: { ...real.accepts, layers } });
    },
  });
}

describe.each(["xz", "bzip2"] as const)("a layer that is compressed with %s", (name) => {
  const isMissing = findProgram(name) === undefined;
  const layer = (): Buffer => execFileSync(name, ["--stdout"], { input: tar });

  test.skipIf(isMissing)("is decompressed if the destination requires it", async () => {
    const to = wanting("decompress");
    await copyImage(await inMemory(imageWith(layer())), to, { decompress: decompressedBytes });
    await using copy = await openImage(to);
    expect(copy.layerInfos).toMatchObject([
      {
        digest: digestOf(tar),
        size: tar.byteLength,
        mediaType: "application/vnd.oci.image.layer.v1.tar",
      },
    ]);
  });

  test.skipIf(isMissing)("is recompressed if a format is requested", async () => {
    const to = wanting("compress");
    const options = { decompress: decompressedBytes, compression: "gzip" } as const;
    await copyImage(await inMemory(imageWith(layer())), to, options);
    await using source = await to.newImageSource();
    await using copy = await openImage(to);
    const [stored] = copy.layerInfos;
    if (stored === undefined) throw new Error("has a layer");
    const content = await Array.fromAsync(decompressed(source.getBlob(stored), "gzip"));
    expect(digestOf(Buffer.concat(content))).toBe(digestOf(tar));
  });

  test.skipIf(isMissing)("is copied unchanged if no other form is requested", async () => {
    const image = imageWith(layer());
    const { digest } = await copyImage(await inMemory(image), wanting("compress"));
    expect(digest).toBe(image.manifest.digest);
  });

  test.skipIf(isMissing)("is rejected with its digest without a decompressor", async () => {
    const copy = copyImage(await inMemory(imageWith(layer())), wanting("decompress"));
    await expect(copy).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(`${digestOf(layer())}.*image-archive`) as string,
    });
  });

  test.skipIf(isMissing).each([
    ["truncated", (bytes: Buffer) => bytes.subarray(0, -10)],
    ["damaged in the middle", (bytes: Buffer) => Buffer.from(bytes).fill(0x55, 60, 90)],
    ["damaged in its checksums", (bytes: Buffer) => changed(bytes, bytes.byteLength - 30)],
  ])("and %s is rejected with its digest", async (_, damage) => {
    const image = imageWith(damage(layer()));
    const copy = copyImage(await inMemory(image), wanting("decompress"), {
      decompress: decompressedBytes,
    });
    await expect(copy).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringMatching(/The layer sha256:.* cannot be decompressed/) as string,
    });
  });

  test.skipIf(isMissing)("is rejected if it decompresses to more than the limit", async () => {
    const options = { decompress: decompressedBytes, maxLayerSize: tar.byteLength - 1 };
    const copy = copyImage(await inMemory(imageWith(layer())), wanting("decompress"), options);
    await expect(copy).rejects.toMatchObject({ code: "unsupported" });
  });
});

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
