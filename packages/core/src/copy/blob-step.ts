import type { Descriptor } from "../blob-info.ts";
import { layerCompressionOf, withLayerCompression } from "../manifest/layer-media-types.ts";
import type { BlobStep, BlobTransform } from "./copy-plan.ts";

/** What its type will be: an unpacked layer fits where a packed one would not. */
export function typedAs(layer: Descriptor, transform: BlobTransform): Descriptor {
  if (transform !== "decompress") return layer;
  return { ...layer, mediaType: withLayerCompression(layer.mediaType, "none") ?? layer.mediaType };
}

/** What is done with a blob of which the destination wants this, if it is a layer. */
export function blobStep(blob: Descriptor, wanted: BlobTransform): BlobStep {
  const packed = layerCompressionOf(blob.mediaType);
  const transform = packed === undefined ? "preserve" : wanted;
  const changes =
    (transform === "compress" && packed === "none") ||
    (transform === "decompress" && packed !== "none");
  return {
    kind: "blob",
    blob,
    isConfig: false,
    transform,
    digest: changes ? undefined : blob.digest,
    because: changes ? `the destination wants layers ${transform}ed` : "the image needs it",
  };
}
