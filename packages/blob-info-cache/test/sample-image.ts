import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import type { WholeImage } from "@drayage/testkit";

export interface SampleOptions {
  readonly layers: readonly (string | Uint8Array)[];
  readonly layerType?: string;
}

/** An image whose layers are these bytes. */
export function sampleImage({
  layers,
  layerType = "application/vnd.oci.image.layer.v1.tar+gzip",
}: SampleOptions): WholeImage {
  const blobs = new Map<Digest, Uint8Array>();
  const add = (content: string | Uint8Array, mediaType: string): Descriptor => {
    const bytes = Buffer.from(content);
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  };
  const platform = { os: "linux", architecture: "amd64" };
  const mediaType = mediaTypes.ociManifest;
  const content = {
    schemaVersion: 2,
    mediaType,
    config: add(JSON.stringify({ ...platform, rootfs: { type: "layers" } }), mediaTypes.ociConfig),
    layers: layers.map((layer) => add(layer, layerType)),
  };
  const bytes = Buffer.from(JSON.stringify(content));
  return { manifest: { bytes, mediaType, digest: digestOf(bytes) }, instances: [], blobs };
}
