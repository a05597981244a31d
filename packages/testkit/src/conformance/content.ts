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

/** Fails unless the image is there, as far as the place preserves what it is given. */
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

/** Fails unless an image is there that has the config of this one and the same in its layers, however they are packed. */
export async function assertContent(reference: ImageReference, image: WholeImage): Promise<void> {
  const { config } = imageManifestOf(image);
  await using found = await openImage(reference);
  assertSameBytes(await found.configBlob(), bytesOf(image, config.digest), "the config");
  await assertLayers(reference, image);
}

/** Fails unless the same is in its layers, however they are compressed. */
export async function assertLayers(reference: ImageReference, image: WholeImage): Promise<void> {
  await using source = await reference.newImageSource();
  const { layerInfos } = await imageOf(source);
  const { layers } = imageManifestOf(image);
  assert.equal(layerInfos.length, layers.length, "another number of layers");
  for (const [at, layer] of layerInfos.entries()) {
    const found = await diffIDOf(verified(source.getBlob(layer), layer));
    const { digest } = layers[at] ?? layer;
    const expected = await diffIDOf(streamOf(bytesOf(image, digest)));
    assert.equal(found, expected, `another content than ${digest} has`);
  }
}

/** The digest of a layer unpacked (OCI image-spec, config.md). */
async function diffIDOf(bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const { bytes: packed, compression } = await detectCompression(bytes);
  const hasher = digestHasher();
  for await (const chunk of decompressed(packed, compression)) hasher.update(chunk);
  return hasher.digest();
}

function imageManifestOf({ manifest }: WholeImage): ImageManifest {
  const parsed = parseManifest(manifest);
  assert.ok(parsed.kind === "image", "an index has no content of its own");
  return parsed;
}

/** The layer that weighs most. */
export function largestLayer(image: WholeImage): readonly [Digest, Uint8Array] {
  const [largest] = imageManifestOf(image).layers.toSorted((a, b) => b.size - a.size);
  assert.ok(largest !== undefined);
  return [largest.digest, bytesOf(image, largest.digest)];
}
