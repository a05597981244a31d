import { streamOf } from "../content/byte-stream.ts";
import { replayable } from "../content/replayable.ts";
import { checkDigest } from "../content/verified-blob.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { schema1LayerType } from "../manifest/manifest.ts";
import { emptyLayer, emptyLayerDigest } from "../schema1/schema1-of-image.ts";

/** Writes a small generated blob, unless the destination has it. */
export async function putGenerated(
  bytes: Uint8Array,
  blob: Descriptor,
  destination: ImageDestination,
  { isConfig, ...options }: OperationOptions & { readonly isConfig: boolean },
): Promise<"copied" | "reused"> {
  const reused = await destination.tryReusingBlob(blob, options);
  if (reused !== undefined) return "reused";
  const body = replayable(streamOf(bytes), (start) => streamOf(bytes.subarray(start)));
  const put = await destination.putBlob(body, blob, { ...options, isConfig });
  checkDigest(put.digest, blob.digest);
  return "copied";
}

/** Writes the layer that a schema 1 image has for each step that changed the config only. */
export async function putEmptyLayer(
  destination: ImageDestination,
  options: OperationOptions,
): Promise<void> {
  const size = emptyLayer.byteLength;
  const blob = { mediaType: schema1LayerType, digest: emptyLayerDigest, size };
  await putGenerated(emptyLayer, blob, destination, { ...options, isConfig: false });
}
