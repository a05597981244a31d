import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isJSONObject, parseStrictJSON } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { formatNamedReference, parseNamedReference, withDefaultTag } from "@drayage/core/reference";
import { closestMatch } from "@drayage/core/text";

import { brokenArchive } from "../tar/broken-archive.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import type { DockerArchiveSelector } from "./docker-archive-selector.ts";

/** An entry of `manifest.json` in a docker archive, with paths inside the archive (moby, `image/spec`). */
export interface ArchivedImage {
  /** All fields, known or not. */
  readonly fields: JSONObject;
  readonly config: string;
  /** Full names: `docker.io/library/alpine:3.20`. Invalid names are omitted. */
  readonly tags: readonly string[];
  /** Base layer first. */
  readonly layers: readonly string[];
}

/** The file that identifies a docker archive. */
export const dockerManifestName = "manifest.json";

/** 32 MiB, some ten thousand images. */
const dockerManifestLimit = 32 * 1024 * 1024;

/** @throws ImageError `unsupported` if it is not a docker archive; `invalid-manifest` */
export async function archivedImages(
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly ArchivedImage[]> {
  const bytes = await archive.readSmall(dockerManifestName, dockerManifestLimit, options);
  if (bytes === undefined) throw await notDockerArchive(archive, options);
  return parseDockerManifest(bytes, archive.location);
}

/**
 * The names of all images, each once, as written in `manifest.json`; `@N` for an image that none of its names selects.
 * @throws as `archivedImages`
 */
export async function dockerImageNamesIn(
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  return [...new Set(namesByPosition(await archivedImages(archive, options)).flat())];
}

/** The names of each image: those that select it, or `@N` if there are none. */
export function namesByPosition(images: readonly ArchivedImage[]): readonly (readonly string[])[] {
  const selected = contentByName(images);
  return images.map((image, at) => {
    const written = (image.fields["RepoTags"] ?? []) as readonly string[];
    const key = contentKey(image);
    const selecting = written.filter((tag) => selected.get(fullName(tag) ?? "") === key);
    return selecting.length === 0 ? [`@${at}`] : selecting;
  });
}

/** The image that each name selects: the first image with this name. */
function contentByName(images: readonly ArchivedImage[]): ReadonlyMap<string, string> {
  const selected = new Map<string, string>();
  for (const image of images) {
    const key = contentKey(image);
    for (const tag of image.tags) if (!selected.has(tag)) selected.set(tag, key);
  }
  return selected;
}

/** @throws ImageError `not-found` with the list of images */
export function selectedImage(
  images: readonly ArchivedImage[],
  selector: DockerArchiveSelector,
  location: string,
): ArchivedImage {
  const found = findSelected(images, selector);
  if (found !== undefined) return found;
  throw new ImageError("not-found", notFoundMessage(images, selector, location));
}

/** A new image, with paths inside the archive. */
export type NewArchivedImage = Pick<ArchivedImage, "config" | "tags" | "layers">;

/**
 * Adds an image, or adds its tags to `same`, an existing image with the same content. Removes the tags from all other
 * images.
 */
export function withArchivedImage(
  images: readonly ArchivedImage[],
  added: NewArchivedImage,
  same: ArchivedImage | undefined,
): readonly ArchivedImage[] {
  const others = images.map((image) => withoutTags(image, added.tags));
  if (same === undefined) return [...others, imageOf({}, added)];
  const at = images.indexOf(same);
  const tags = [...(others[at]?.tags ?? []), ...added.tags];
  return others.with(at, imageOf(same.fields, { ...same, tags }));
}

/** Formats `manifest.json`. */
export function formatDockerManifest(images: readonly ArchivedImage[]): Uint8Array {
  return Buffer.from(JSON.stringify(images.map(({ fields }) => fields)));
}

function withoutTags(image: ArchivedImage, removed: readonly string[]): ArchivedImage {
  const tags = image.tags.filter((tag) => !removed.includes(tag));
  return tags.length === image.tags.length ? image : imageOf(image.fields, { ...image, tags });
}

function imageOf(fields: JSONObject, { config, tags, layers }: NewArchivedImage): ArchivedImage {
  const written = { ...fields, Config: config, RepoTags: tags, Layers: layers };
  return { fields: written, config, tags, layers };
}

function parseDockerManifest(bytes: Uint8Array, location: string): readonly ArchivedImage[] {
  const broken = (why: string): ImageError =>
    brokenArchive(location, `its ${dockerManifestName} ${why}`);
  const value = parseStrictJSON(`${dockerManifestName} of ${location}`, bytes, dockerManifestShape);
  if (!Array.isArray(value)) throw broken("is not an array of images");
  return value.map((fields: unknown) => {
    if (!isJSONObject(fields)) throw broken("is not an array of images");
    const { Config: config, Layers: layers } = fields;
    const tags = withoutNulls(fields["RepoTags"]);
    if (typeof config !== "string" || config === "")
      throw broken("has an image without Config; save the image again");
    if (!isTexts(tags)) throw broken("has RepoTags that are not a list of names");
    if (!isTexts(layers ?? [])) throw broken("has Layers that are not a list of files");
    const names = tags as readonly string[];
    return {
      fields: { ...fields, ...(tags !== fields["RepoTags"] && { RepoTags: tags }) },
      config,
      tags: names.flatMap((tag) => fullName(tag) ?? []),
      layers: (layers ?? []) as readonly string[],
    };
  });
}

const dockerManifestShape = {
  Config: "any",
  RepoTags: "any",
  Layers: "any",
  Parent: "any",
  LayerSources: "map",
} as const;

/** Go decodes null as an empty list, and null in a list of names as an empty name. */
function withoutNulls(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? [];
  return value.includes(null) ? value.filter((one) => one !== null) : value;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function fullName(tag: string): string | undefined {
  try {
    return formatNamedReference(withDefaultTag(parseNamedReference(tag)));
  } catch {
    return undefined;
  }
}

function findSelected(
  images: readonly ArchivedImage[],
  selector: DockerArchiveSelector,
): ArchivedImage | undefined {
  switch (selector.kind) {
    case "only":
      return new Set(images.map(contentKey)).size === 1 ? images[0] : undefined;
    case "position":
      return images[selector.position];
    case "name": {
      const name = formatNamedReference(selector.name);
      return images.find(({ tags }) => tags.includes(name));
    }
  }
}

/** A key for the content of an image; some tools write one entry per name of an image. */
export function contentKey({ config, layers }: ArchivedImage): string {
  return JSON.stringify([config, layers]);
}

function notFoundMessage(
  images: readonly ArchivedImage[],
  selector: DockerArchiveSelector,
  location: string,
): string {
  if (images.length === 0) return `${location} contains no image`;
  const names = images.flatMap(({ tags }) => tags);
  const positions = images.length === 1 ? "@0" : `@0 to @${images.length - 1}`;
  const listed = names.length > maxListedNames ? [...names.slice(0, maxListedNames), "…"] : names;
  const choices = [...listed, positions].join(", ");
  switch (selector.kind) {
    case "only":
      return `${location} contains ${images.length} images; select one of ${choices}`;
    case "position":
      return `No image @${selector.position} in ${location}; available: ${positions}`;
    case "name": {
      const wanted = formatNamedReference(selector.name);
      const similar = closestMatch(wanted, names);
      const hint = similar === undefined ? "" : `did you mean ${similar}? `;
      return `No image ${wanted} in ${location}; ${hint}available: ${choices}`;
    }
  }
}

const maxListedNames = 20;

async function notDockerArchive(
  archive: TarArchive,
  options: OperationOptions,
): Promise<ImageError> {
  const has = async (name: string): Promise<boolean> =>
    (await archive.find(name, options)) !== undefined;
  const why = (await has("index.json"))
    ? `it is an OCI archive; use oci-archive:${archive.location}`
    : (await has("repositories"))
      ? "it was written by docker before 1.10; load and save it with a newer version"
      : `it has neither ${dockerManifestName} nor index.json`;
  return new ImageError("unsupported", `${archive.location} is not a docker archive: ${why}`);
}
