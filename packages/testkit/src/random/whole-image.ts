import type { Descriptor, Digest, RawManifest } from "@drayage/core";
import { blobsOf, parseManifest } from "@drayage/core/manifest";

/** An image, an artifact or an index with all its content, as plain data in memory. */
export interface WholeImage {
  readonly manifest: WholeManifest;
  /** The manifests of an index at any depth, each after its own instances. */
  readonly instances: readonly WholeManifest[];
  /** All configs and layers, in the order of the manifests. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** A manifest with its digest and media type. */
export interface WholeManifest extends RawManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** The descriptor for an index, or for the `subject` of another manifest. */
export function descriptorOf({ manifest }: WholeImage): Descriptor {
  const { mediaType, digest, bytes } = manifest;
  const { artifactType } = parseManifest(manifest);
  return { mediaType, digest, size: bytes.byteLength, ...(artifactType && { artifactType }) };
}

/** The first image of an index, or the image itself. */
export function firstImageOf(index: WholeImage): WholeImage {
  const [manifest] = index.instances;
  if (manifest === undefined) return index;
  const digests = new Set(descriptorsOf(manifest).map(({ digest }) => digest));
  const blobs = new Map([...index.blobs].filter(([digest]) => digests.has(digest)));
  return { manifest, instances: [], blobs };
}

function descriptorsOf(manifest: RawManifest): readonly Descriptor[] {
  const parsed = parseManifest(manifest);
  return parsed.kind === "schema1" ? [] : blobsOf(parsed);
}
