import {
  formatNamedReference,
  ImageError,
  isJSONObject,
  nearestOf,
  parseNamedReference,
  parseStrictJSON,
  withDefaultTag,
} from "@drayage/core";
import type { JSONObject, OperationOptions } from "@drayage/core";

import { brokenArchive } from "../tar/broken-archive.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import type { DockerArchiveSelector } from "./docker-archive-selector.ts";

/** An image as `manifest.json` of a docker archive has it, with paths inside the archive (moby, `image/spec`). */
export interface ArchivedImage {
  /** All that is said of it, known or not. */
  readonly fields: JSONObject;
  readonly config: string;
  /** In full: `docker.io/library/alpine:3.20`. What cannot be read is left out. */
  readonly tags: readonly string[];
  /** The root first. */
  readonly layers: readonly string[];
}

/** The name of the file that makes an archive one of docker. */
export const dockerManifestName = "manifest.json";

/** 32 MiB, some ten thousand images. */
const dockerManifestLimit = 32 * 1024 * 1024;

/** @throws ImageError `unsupported` for an archive of another kind; `invalid-manifest` */
export async function archivedImages(
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly ArchivedImage[]> {
  const bytes = await archive.readSmall(dockerManifestName, dockerManifestLimit, options);
  if (bytes === undefined) throw await notDockers(archive, options);
  return parseDockerManifest(bytes, archive.place);
}

/** How all images of a docker archive are called, each name once: what is written there, `@N` where an image has no name that selects it. @throws as `archivedImages` */
export async function dockerImageNamesIn(
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  const images = await archivedImages(archive, options);
  const selected = contentByName(images);
  const names = images.flatMap((image, at) => {
    const written = (image.fields["RepoTags"] ?? []) as readonly string[];
    const key = contentKey(image);
    const selecting = written.filter((tag) => selected.get(fullName(tag) ?? "") === key);
    return selecting.length === 0 ? [`@${at}`] : selecting;
  });
  return [...new Set(names)];
}

/** What the images are that their names select: the first that has a name. */
function contentByName(images: readonly ArchivedImage[]): ReadonlyMap<string, string> {
  const selected = new Map<string, string>();
  for (const image of images) {
    const key = contentKey(image);
    for (const tag of image.tags) if (!selected.has(tag)) selected.set(tag, key);
  }
  return selected;
}

/** @throws ImageError `not-found` that tells which images there are */
export function chosenImage(
  images: readonly ArchivedImage[],
  selector: DockerArchiveSelector,
  place: string,
): ArchivedImage {
  const found = findChosen(images, selector);
  if (found !== undefined) return found;
  throw new ImageError("not-found", problemOf(images, selector, place));
}

/** An image to be added, with paths inside the archive. */
export type NewArchivedImage = Pick<ArchivedImage, "config" | "tags" | "layers">;

/**
 * The images with one more, or with its tags added to the `same` one that is there already. Another image that had one of the
 * tags stays without it.
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

/** `manifest.json` */
export function formatDockerManifest(images: readonly ArchivedImage[]): Uint8Array {
  return Buffer.from(JSON.stringify(images.map(({ fields }) => fields)));
}

function withoutTags(image: ArchivedImage, lost: readonly string[]): ArchivedImage {
  const tags = image.tags.filter((tag) => !lost.includes(tag));
  return tags.length === image.tags.length ? image : imageOf(image.fields, { ...image, tags });
}

function imageOf(fields: JSONObject, { config, tags, layers }: NewArchivedImage): ArchivedImage {
  const written = { ...fields, Config: config, RepoTags: tags, Layers: layers };
  return { fields: written, config, tags, layers };
}

function parseDockerManifest(bytes: Uint8Array, place: string): readonly ArchivedImage[] {
  const broken = (why: string): ImageError =>
    brokenArchive(place, `its ${dockerManifestName} ${why}`);
  const value = parseStrictJSON(`${dockerManifestName} of ${place}`, bytes, dockerManifestShape);
  if (!Array.isArray(value)) throw broken("is not an array of images");
  return value.map((fields: unknown) => {
    if (!isJSONObject(fields)) throw broken("is not an array of images");
    const { Config: config, Layers: layers } = fields;
    const tags = withoutNulls(fields["RepoTags"]);
    if (typeof config !== "string" || config === "") throw broken("has an image without Config");
    if (!isTexts(tags)) throw broken("has RepoTags that are no list of names");
    if (!isTexts(layers ?? [])) throw broken("has Layers that are no list of files");
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

/** Go reads null as an empty list, and null in a list of names as an empty name. */
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

function findChosen(
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

/** The same for entries of one image, as some tools write one for each of its names. */
export function contentKey({ config, layers }: ArchivedImage): string {
  return JSON.stringify([config, layers]);
}

function problemOf(
  images: readonly ArchivedImage[],
  selector: DockerArchiveSelector,
  place: string,
): string {
  if (images.length === 0) return `There is no image in ${place}`;
  const names = images.flatMap(({ tags }) => tags);
  const positions = images.length === 1 ? "@0" : `@0 to @${images.length - 1}`;
  const listed = names.length > mostNames ? [...names.slice(0, mostNames), "…"] : names;
  const ways = [...listed, positions].join(", ");
  switch (selector.kind) {
    case "only":
      return `There are ${images.length} images in ${place}: say which, as ${ways}`;
    case "position":
      return `No image @${selector.position} in ${place}: there is ${positions}`;
    case "name": {
      const wanted = formatNamedReference(selector.name);
      const meant = nearestOf(wanted, names);
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return `No image ${wanted} in ${place}; ${hint}there is ${ways}`;
    }
  }
}

const mostNames = 20;

async function notDockers(archive: TarArchive, options: OperationOptions): Promise<ImageError> {
  const has = async (name: string): Promise<boolean> =>
    (await archive.find(name, options)) !== undefined;
  const why = (await has("index.json"))
    ? `it is an OCI archive; read it as oci-archive:${archive.place}`
    : (await has("repositories"))
      ? "a docker older than 1.10 wrote it; load it with a newer one and save it again"
      : `it has neither ${dockerManifestName} nor index.json`;
  return new ImageError("unsupported", `${archive.place} is no docker archive: ${why}`);
}
