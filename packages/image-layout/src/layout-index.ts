import { ImageError, mediaTypes } from "@drayage/core";
import type { Descriptor } from "@drayage/core";
import { isJSONObject, parseJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import {
  bareMediaType,
  isIndexMediaType,
  manifestShape,
  parseDescriptor,
} from "@drayage/core/manifest";

const nameAnnotation = "org.opencontainers.image.ref.name";
const fullNameAnnotation = "io.containerd.image.name";
const instancesAnnotation = "io.drayage.instances";

/** The most that an `index.json` may have: 32 MiB, some hundred thousand images. */
export const indexSizeLimit: number = 32 * 1024 * 1024;

/** `index.json` (OCI image-spec, image-index.md) with all that is in it, known or not. */
export interface LayoutIndex {
  /** The bytes that it was read from. */
  readonly content?: Uint8Array | undefined;
  readonly fields: JSONObject;
  /** Its `manifests`, in order. */
  readonly entries: readonly IndexEntry[];
}

/** What the index says of one image, as it is written there. */
export type IndexEntry = JSONObject;

/** An index of no images, for a place that has none. */
export const emptyIndex: LayoutIndex = {
  fields: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
  entries: [],
};

/**
 * Takes an index without `schemaVersion` or of Docker's type too, as lax tools write it.
 * @throws ImageError `invalid-manifest`; entries are looked at only when they are used
 */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  const { value: fields } = parseJSONObject("index.json", bytes, manifestShape);
  const { schemaVersion, mediaType, manifests } = fields;
  if ((schemaVersion ?? 2) !== 2) throw broken("its schemaVersion is not 2");
  if (!isIndexType(mediaType)) throw broken(`its mediaType is ${JSON.stringify(mediaType)}`);
  if (manifests === undefined) {
    if ("config" in fields || "layers" in fields)
      throw broken("it is the manifest of an image and no index");
    if (schemaVersion === undefined) throw broken("it has neither schemaVersion nor manifests");
  }
  const entries = manifests ?? [];
  if (!Array.isArray(entries) || !entries.every(isJSONObject))
    throw broken("its manifests are not an array of objects");
  return { content: bytes, fields, entries };
}

/** The bytes to store: an index by the specification. Everything else that was not changed stays as it was, in its order. */
export function formatLayoutIndex({ fields, entries }: LayoutIndex): Uint8Array {
  const index = "schemaVersion" in fields ? fields : { schemaVersion: 2, ...fields };
  const mediaType = "mediaType" in fields && { mediaType: mediaTypes.ociIndex };
  return Buffer.from(
    JSON.stringify({ ...index, schemaVersion: 2, ...mediaType, manifests: entries }),
  );
}

function isIndexType(mediaType: unknown): boolean {
  if (mediaType === undefined || mediaType === null || mediaType === "") return true;
  return typeof mediaType === "string" && isIndexMediaType(bareMediaType(mediaType));
}

/** The name of an image in its layout; undefined for one that has none. */
export function nameOfEntry({
  annotations,
}: {
  readonly annotations?: unknown;
}): string | undefined {
  const name = isJSONObject(annotations) ? annotations[nameAnnotation] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** The name that containerd and Docker give an image in full, beside the tag as its name. */
export function fullNameOfEntry({ annotations }: IndexEntry): string | undefined {
  const name = isJSONObject(annotations) ? annotations[fullNameAnnotation] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** That all instances of an index were there when it was written, and nothing under it was deleted since by us. */
export const wholeIndex: Readonly<Record<string, string>> = { [instancesAnnotation]: "all" };

/** Whether that is said of an entry. */
export function isWholeIndex({ annotations }: IndexEntry): boolean {
  return isJSONObject(annotations) && annotations[instancesAnnotation] === "all";
}

/** What an entry says of its manifest, where a lax tool may have left out the type and the size. */
export interface EntryDescriptor extends Omit<Descriptor, "mediaType" | "size"> {
  readonly mediaType?: string | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
}

/** @throws ImageError `invalid-manifest` */
export function descriptorOfEntry(entry: IndexEntry): EntryDescriptor {
  const { mediaType, size } = entry;
  const hasType = mediaType !== undefined && mediaType !== null && mediaType !== "";
  const hasSize = size !== undefined && size !== null;
  const complete = {
    ...entry,
    mediaType: hasType ? mediaType : mediaTypes.ociManifest,
    size: hasSize ? size : 0,
    annotations: annotationsIn(entry),
  };
  const descriptor = parseDescriptor("an entry of index.json", complete);
  return {
    ...descriptor,
    mediaType: hasType ? descriptor.mediaType : undefined,
    size: hasSize ? descriptor.size : undefined,
  };
}

/** Without those that are null, which Go programs write for an empty text. */
function annotationsIn({ annotations }: IndexEntry): unknown {
  if (!isJSONObject(annotations)) return annotations;
  return Object.fromEntries(Object.entries(annotations).filter(([, text]) => text !== null));
}

/**
 * The index with an image under a name, or under none, and with the annotations that the image has. Another image that had the name stays without it, unless it is
 * in the index under another one too; an entry of the same image without a name takes the name.
 */
export function withImage(
  { fields, entries }: LayoutIndex,
  image: Descriptor,
  name: string | undefined,
): LayoutIndex {
  const same = entries.filter(({ digest }) => digest === image.digest);
  const place =
    same.find((entry) => nameOfEntry(entry) === name) ??
    same.find((entry) => nameOfEntry(entry) === undefined);
  const losesName = (entry: IndexEntry): boolean =>
    entry !== place && name !== undefined && nameOfEntry(entry) === name;
  const listed = new Set(entries.filter((entry) => !losesName(entry)).map(({ digest }) => digest));
  const kept = entries.flatMap((entry) => {
    if (entry === place) return [entryFor(image, name, entry)];
    if (!losesName(entry)) return [entry];
    if (listed.has(entry["digest"])) return [];
    listed.add(entry["digest"]);
    return [withoutName(entry)];
  });
  return { fields, entries: place === undefined ? [...kept, entryFor(image, name)] : kept };
}

/** The index with what refers to an image: under a name, or else wherever it is in it already, or without one. */
export function withReferrer(
  index: LayoutIndex,
  referrer: Descriptor,
  name: string | undefined,
): LayoutIndex {
  const isListed = index.entries.some(({ digest }) => digest === referrer.digest);
  return name === undefined && isListed ? index : withImage(index, referrer, name);
}

/** The index without the entry at that position. */
export function withoutEntry({ fields, entries }: LayoutIndex, position: number): LayoutIndex {
  return { fields, entries: entries.toSpliced(position, 1) };
}

function entryFor(
  image: Descriptor,
  name: string | undefined,
  before: IndexEntry = {},
): IndexEntry {
  const { mediaType, digest, size, artifactType } = image;
  const annotations = {
    ...(isJSONObject(before["annotations"]) && before["annotations"]),
    ...image.annotations,
    ...(name !== undefined && { [nameAnnotation]: name }),
  };
  return {
    ...before,
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

function withoutName(entry: IndexEntry): IndexEntry {
  const { annotations, ...others } = entry;
  const left = Object.entries(annotations as JSONObject).filter(([key]) => key !== nameAnnotation);
  if (left.length === 0) return others;
  return { ...entry, annotations: Object.fromEntries(left) };
}

function broken(why: string): ImageError {
  return new ImageError("invalid-manifest", `Invalid index.json: ${why}`);
}
