import { runAll } from "../content/run-all.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { schema1LayerType } from "../manifest/manifest.ts";
import type { Schema1Manifest } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { isImageError } from "../names/image-error.ts";

/**
 * The layers of a schema 1 image, the base layer first, including throwaway layers. Their sizes are not in the manifest,
 * so this costs one request for each layer. A missing layer has the size 0, and reading it fails.
 */
export async function schema1Layers(
  source: ImageSource,
  { layers }: Schema1Manifest,
  options: OperationOptions,
): Promise<readonly Descriptor[]> {
  const sizes = new Map<Digest, number>();
  const digests = [...new Set(layers.map(({ digest }) => digest))];
  const count = source.offers.parallelBlobs;
  await runAll(digests, { count }, options.signal, async (digest, signal) => {
    sizes.set(digest, await sizeOf(source, digest, { ...options, signal }));
  });
  return layers.map(({ digest }) => ({
    digest,
    size: sizes.get(digest) ?? 0,
    mediaType: schema1LayerType,
  }));
}

/** The size of a layer. Reads the layer if the source does not support `statBlob`. */
async function sizeOf(
  source: ImageSource,
  digest: Digest,
  options: OperationOptions,
): Promise<number> {
  if (source.statBlob !== undefined) return (await source.statBlob({ digest }, options))?.size ?? 0;
  let size = 0;
  try {
    const bytes = source.getBlob({ digest }, { ...options, reuseBuffers: true });
    for await (const chunk of bytes) size += chunk.byteLength;
  } catch (error) {
    if (!isImageError(error, "not-found")) throw error;
  }
  return size;
}
