import "../supported-node.ts";

export { chooseInstance, chooseInstances } from "./choose-instance.ts";
export { configShape } from "./config-shape.ts";
export { parseDescriptor } from "./descriptor.ts";
export { editManifest } from "./edit-manifest.ts";
export { layerCompressionOf, withLayerCompression } from "./layer-media-types.ts";
export type { LayerCompression } from "./layer-media-types.ts";
export { manifestShape } from "./manifest-shape.ts";
export { blobsOf, instancesOf, isArtifact, isInstance, parseManifest } from "./manifest.ts";
export type {
  ArtifactManifest,
  ImageIndex,
  ImageManifest,
  InstanceDescriptor,
} from "./manifest.ts";
export {
  bareMediaType,
  isIndexMediaType,
  isManifestMediaType,
  manifestMediaTypes,
} from "./media-types.ts";
export type { ManifestMediaType } from "./media-types.ts";
export { requirePlatforms } from "./require-platforms.ts";
