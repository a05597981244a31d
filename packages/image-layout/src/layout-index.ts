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

/** The maximum size of an `index.json` in bytes, enough for more than 100,000 images. */
export const indexSizeLimit: number = 32 * 1024 * 1024;

/** `index.json` (OCI image-spec, image-index.md), with its unknown fields. */
export interface LayoutIndex {
  /** The bytes it was parsed from. */
  readonly content?: Uint8Array | undefined;
  readonly fields: JSONObject;
  /** Its `manifests`, in order. */
  readonly entries: readonly IndexEntry[];
}

/** An entry of `manifests`, unvalidated. */
export type IndexEntry = JSONObject;

/** An index without images, for a new layout. */
export const emptyIndex: LayoutIndex = {
  fields: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
  entries: [],
};

/**
 * Parses `index.json`. Accepts an index without `schemaVersion` or with Docker's media type, as some tools write it.
 * Does not validate entries. @throws ImageError `invalid-manifest`
 */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  const { value: fields } = parseJSONObject("index.json", bytes, manifestShape);
  const { schemaVersion, mediaType, manifests } = fields;
  if ((schemaVersion ?? 2) !== 2) throw invalid("its schemaVersion is not 2");
  if (!isIndexType(mediaType)) throw invalid(`its mediaType is ${JSON.stringify(mediaType)}`);
  if (manifests === undefined) {
    if ("config" in fields || "layers" in fields)
      throw invalid("it is an image manifest, not an index");
    if (schemaVersion === undefined) throw invalid("it has neither schemaVersion nor manifests");
  }
  const entries = manifests ?? [];
  if (!Array.isArray(entries) || !entries.every(isJSONObject))
    throw invalid("its manifests are not an array of objects");
  return { content: bytes, fields, entries };
}

/** Serializes an index that follows the specification. Keeps unknown fields and the order of fields. */
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

/** The name of an image in its layout (`org.opencontainers.image.ref.name`); undefined if it has none. */
export function nameOfEntry({
  annotations,
}: {
  readonly annotations?: unknown;
}): string | undefined {
  const name = isJSONObject(annotations) ? annotations[nameAnnotation] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** The full name of an image, which containerd and Docker write in addition to the tag (`io.containerd.image.name`). */
export function fullNameOfEntry({ annotations }: IndexEntry): string | undefined {
  const name = isJSONObject(annotations) ? annotations[fullNameAnnotation] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** An annotation: all instances of the index were present when it was written, and Drayage deleted none since. */
export const wholeIndex: Readonly<Record<string, string>> = { [instancesAnnotation]: "all" };

/** Whether an entry has the annotation `wholeIndex`. */
export function isWholeIndex({ annotations }: IndexEntry): boolean {
  return isJSONObject(annotations) && annotations[instancesAnnotation] === "all";
}

/** The descriptor in an entry. Some tools omit the media type and the size. */
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

/** Omits annotations that are null, as some Go programs write empty ones. */
function annotationsIn({ annotations }: IndexEntry): unknown {
  if (!isJSONObject(annotations)) return annotations;
  return Object.fromEntries(Object.entries(annotations).filter(([, text]) => text !== null));
}

/**
 * Adds an image to the index, with a name or without. Reuses an entry of the same image that has this name or none.
 * Another image with the name loses it; its entry is removed only if it is listed under another name too.
 */
export function withImage(
  { fields, entries }: LayoutIndex,
  image: Descriptor,
  name: string | undefined,
): LayoutIndex {
  const same = entries.filter(({ digest }) => digest === image.digest);
  const existing =
    same.find((entry) => nameOfEntry(entry) === name) ??
    same.find((entry) => nameOfEntry(entry) === undefined);
  const losesName = (entry: IndexEntry): boolean =>
    entry !== existing && name !== undefined && nameOfEntry(entry) === name;
  const listed = new Set(entries.filter((entry) => !losesName(entry)).map(({ digest }) => digest));
  const kept = entries.flatMap((entry) => {
    if (entry === existing) return [entryFor(image, name, entry)];
    if (!losesName(entry)) return [entry];
    if (listed.has(entry["digest"])) return [];
    listed.add(entry["digest"]);
    return [withoutName(entry)];
  });
  return { fields, entries: existing === undefined ? [...kept, entryFor(image, name)] : kept };
}

/** Adds a referrer to the index. Without a name, a referrer that is listed already is not added again. */
export function withReferrer(
  index: LayoutIndex,
  referrer: Descriptor,
  name: string | undefined,
): LayoutIndex {
  const isListed = index.entries.some(({ digest }) => digest === referrer.digest);
  return name === undefined && isListed ? index : withImage(index, referrer, name);
}

/** Removes the entry at a position. */
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
  const remaining = Object.entries(annotations as JSONObject).filter(
    ([key]) => key !== nameAnnotation,
  );
  if (remaining.length === 0) return others;
  return { ...entry, annotations: Object.fromEntries(remaining) };
}

function invalid(reason: string): ImageError {
  return new ImageError("invalid-manifest", `Invalid index.json: ${reason}`);
}
