import type { JSONFields } from "../json/json-shape.ts";

const platformShape: JSONFields = {
  os: "any",
  architecture: "any",
  variant: "any",
  "os.version": "any",
  "os.features": "any",
  features: "any",
};

/** The fields of descriptors in all formats (OCI image-spec, descriptor.md). */
const descriptorShape: JSONFields = {
  mediaType: "any",
  digest: "any",
  size: "any",
  urls: "any",
  annotations: "map",
  data: "any",
  artifactType: "any",
  platform: platformShape,
};

/** The fields of all manifests and indexes, because a program may mistake one type for another. */
export const manifestShape: JSONFields = {
  schemaVersion: "any",
  mediaType: "any",
  artifactType: "any",
  config: descriptorShape,
  layers: descriptorShape,
  manifests: descriptorShape,
  blobs: descriptorShape,
  subject: descriptorShape,
  annotations: "map",
  fsLayers: "any",
  history: "any",
  signatures: "any",
};
