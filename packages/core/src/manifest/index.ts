import "../supported-node.ts";

export type { Schema1Content, Schema1Layer } from "../schema1/schema1-manifest.ts";
export type { V1Compatibility } from "../schema1/v1-compatibility.ts";
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
  NamedBlob,
  Schema1Manifest,
} from "./manifest.ts";
export {
  bareMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  manifestMediaTypes,
} from "./media-types.ts";
export { manifestDigestOf } from "./manifest-digest.ts";
export type { ManifestMediaType } from "./media-types.ts";
export { requirePlatforms } from "./require-platforms.ts";
