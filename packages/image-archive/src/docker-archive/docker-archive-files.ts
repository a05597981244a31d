import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, NamedReference, RawManifest } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { editManifest, parseManifest } from "@drayage/core/manifest";
import { formatNamedReference } from "@drayage/core/reference";
import {
  emptyIndex,
  formatLayoutIndex,
  layoutFile,
  nameOfEntry,
  parseLayoutIndex,
  withImage,
} from "@drayage/image-layout";
import type { IndexEntry, LayoutIndex } from "@drayage/image-layout";

import { blobPath } from "../oci-archive/tar-layout.ts";

/** The annotation from which containerd reads the name of an image. */
const containerdName = "io.containerd.image.name";

/**
 * The files that make a docker archive an OCI image layout: an OCI manifest, and the index with the image under its
 * names. The blobs must be at their layout paths.
 */
export function layoutFilesFor(
  manifest: RawManifest,
  names: readonly NamedReference[],
  indexBefore: Uint8Array | undefined,
): ReadonlyMap<string, Uint8Array> {
  const bytes = ociManifestOf(manifest);
  const digest = digestOf(bytes);
  const image = { digest, size: bytes.byteLength, mediaType: mediaTypes.ociManifest };
  const before = indexBefore === undefined ? emptyIndex : parseLayoutIndex(indexBefore);
  return new Map([
    [blobPath(digest), bytes],
    ["index.json", formatLayoutIndex(withNames(before, image, names.map(formatNamedReference)))],
    ["oci-layout", layoutFile],
  ]);
}

/** Layers in a docker archive are uncompressed, regardless of the media types of the manifest. */
function ociManifestOf(manifest: RawManifest): Uint8Array {
  const parsed = parseManifest(manifest);
  if (parsed.kind !== "image") throw new TypeError("Only an image has layers");
  const mediaType = "application/vnd.docker.image.rootfs.diff.tar";
  const layerInfos = parsed.layers.map((layer) => ({ ...layer, mediaType }));
  return editManifest(manifest, { manifestMIMEType: mediaTypes.ociManifest, layerInfos }).bytes;
}

function withNames(before: LayoutIndex, image: Descriptor, names: readonly string[]): LayoutIndex {
  if (names.length === 0) return withImage(before, image, undefined);
  const after = names.reduce((index, name) => withImage(index, image, name), before);
  return { ...after, entries: after.entries.map((entry) => forContainerd(entry, names)) };
}

function forContainerd(entry: IndexEntry, names: readonly string[]): IndexEntry {
  const name = nameOfEntry(entry);
  if (name === undefined || !names.includes(name)) return entry;
  const annotations: JSONObject = isJSONObject(entry["annotations"]) ? entry["annotations"] : {};
  return { ...entry, annotations: { ...annotations, [containerdName]: name } };
}
