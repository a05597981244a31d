import assert from "node:assert/strict";

import { digestHasher, imageOf, openImage } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import { decompressed, streamOf, detectCompression, verified } from "@drayage/core/content";
import { parseManifest } from "@drayage/core/manifest";
import type { ImageManifest } from "@drayage/core/manifest";

import type { WholeImage } from "../random/whole-image.ts";
import { bytesOf } from "../random/write-image.ts";
import { assertImage, assertSameBytes } from "./checks.ts";
import type { Abilities } from "./requirement.ts";

/** Fails unless the reference names the image, compared as far as the store preserves images. */
export async function assertPreserved(
  reference: ImageReference,
  image: WholeImage,
  { preserves }: Pick<Abilities, "preserves">,
): Promise<void> {
  switch (preserves) {
    case "everything":
      return assertImage(reference, image);
    case "content":
      return assertContent(reference, image);
    case "layers":
      return assertLayers(reference, image);
  }
}

/** Fails unless the reference names an image with the same config and the same uncompressed layers. */
export async function assertContent(reference: ImageReference, image: WholeImage): Promise<void> {
  const { config } = imageManifestOf(image);
  await using found = await openImage(reference);
  const foundConfig = await found.configBlob();
  assert.ok(foundConfig !== undefined, "the image has no config");
  assertSameBytes(foundConfig, bytesOf(image, config.digest), "the config");
  await assertLayers(reference, image);
}

/** Fails unless the uncompressed layers are the same. */
export async function assertLayers(reference: ImageReference, image: WholeImage): Promise<void> {
  await using source = await reference.newImageSource();
  const { layerInfos } = await imageOf(source);
  const { layers } = imageManifestOf(image);
  assert.equal(layerInfos.length, layers.length, "the number of layers differs");
  for (const [at, layer] of layerInfos.entries()) {
    const found = await diffIDOf(verified(source.getBlob(layer), layer));
    const { digest } = layers[at] ?? layer;
    const expected = await diffIDOf(streamOf(bytesOf(image, digest)));
    assert.equal(found, expected, `the uncompressed content of layer ${digest} differs`);
  }
}

/** The digest of the uncompressed layer (OCI image-spec, config.md). */
async function diffIDOf(bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const { bytes: compressed, compression } = await detectCompression(bytes);
  const hasher = digestHasher();
  for await (const chunk of decompressed(compressed, compression)) hasher.update(chunk);
  return hasher.digest();
}

function imageManifestOf({ manifest }: WholeImage): ImageManifest {
  const parsed = parseManifest(manifest);
  assert.ok(parsed.kind === "image", "expected an image, got an index");
  return parsed;
}

/** The digest and the bytes of the largest layer. */
export function biggestLayer(image: WholeImage): readonly [Digest, Uint8Array] {
  const [layer] = imageManifestOf(image).layers.toSorted((a, b) => b.size - a.size);
  assert.ok(layer !== undefined);
  return [layer.digest, bytesOf(image, layer.digest)];
}
