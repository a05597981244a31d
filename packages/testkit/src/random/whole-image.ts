import { blobsOf, parseManifest } from "@drayage/core";
import type { Descriptor, Digest, RawManifest } from "@drayage/core";

/** An image or an artifact, or an index with all that it names: plain data, whole and in memory. */
export interface WholeImage {
  readonly manifest: WholeManifest;
  /** What an index names, at any depth: each after those that it names itself. */
  readonly instances: readonly WholeManifest[];
  /** Configs and layers of all of them, in the order in which manifests name them. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** A manifest of which everything is known. */
export interface WholeManifest extends RawManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** How an index names it, or the `subject` of another manifest. */
export function descriptorOf({ manifest }: WholeImage): Descriptor {
  const { mediaType, digest, bytes } = manifest;
  const { artifactType } = parseManifest(manifest);
  return { mediaType, digest, size: bytes.byteLength, ...(artifactType && { artifactType }) };
}

/** The first image of an index, by itself; an image is its own. */
export function firstImageOf(index: WholeImage): WholeImage {
  const [manifest] = index.instances;
  if (manifest === undefined) return index;
  const digests = new Set(descriptorsOf(manifest).map(({ digest }) => digest));
  const blobs = new Map([...index.blobs].filter(([digest]) => digests.has(digest)));
  return { manifest, instances: [], blobs };
}

function descriptorsOf(manifest: RawManifest): readonly Descriptor[] {
  return blobsOf(parseManifest(manifest));
}
