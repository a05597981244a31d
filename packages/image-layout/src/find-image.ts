import { ImageError } from "@drayage/core";
import type { Descriptor, Digest, OperationOptions } from "@drayage/core";
import { isIndexMediaType, parseManifest } from "@drayage/core/manifest";
import { closestMatch } from "@drayage/core/text";

import { digestsOf, entriesNamed, isOneName } from "./image-entries.ts";
import { imageNamesOf } from "./image-names.ts";
import type { ImageSelector } from "./image-selector.ts";
import { readManifest } from "./image-tree.ts";
import type { TypedDigest } from "./image-tree.ts";
import { descriptorOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { areOfPlatforms, platformIndex } from "./platform-index.ts";
import type { PlatformIndex } from "./platform-index.ts";
import { mayBeManifest } from "./referrer-entries.ts";
import { standingImages } from "./standing-images.ts";
import { storedSizeOf } from "./stored-size.ts";

/** An image in a layout: a manifest that is stored there, or the index of one that is listed by platform. */
export type FoundImage = TypedDigest | PlatformIndex;

/**
 * The image that is meant; a name that `index.json` does not have is looked for in the indexes that it names.
 * @throws ImageError `not-found` that tells what there is; `unsupported` for what is no image
 */
export async function findImage(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<FoundImage> {
  const entries = await findEntries(layout, index, selector, options);
  const [entry] = entries;
  if (areOfPlatforms(entries)) return platformIndex(layout, index, entries, options);
  if (entry !== undefined && isOne(selector, entries)) return descriptorOfEntry(entry);
  const nested = entry === undefined && (await findNested(layout, index, selector, options));
  if (nested) return nested;
  throw notFound(layout.place, index, selector);
}

/**
 * The entries of an image in `index.json` itself, all that it has there: by a name those with that name, by a position
 * that one. @throws ImageError as `findImage`
 */
export async function entriesOf(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<readonly IndexEntry[]> {
  const found = await findEntries(layout, index, selector, options);
  if (selector.kind === "name" && areOfPlatforms(found)) return found;
  const [first] = found;
  if (first === undefined || !isOne(selector, found)) throw notFound(layout.place, index, selector);
  const isSame = ({ digest }: IndexEntry): boolean => digest === first["digest"];
  return selector.kind === "only" ? index.entries.filter(isSame) : found.filter(isSame);
}

/** The position of the only image; what is there for an image does not count beside it. */
export async function findOnly(
  layout: LayoutReader,
  index: LayoutIndex,
  options: OperationOptions = {},
): Promise<number | undefined> {
  const entries = await standingImages(layout, index.entries, options);
  const [entry] = entries;
  return entry !== undefined && isOne({ kind: "only" }, entries)
    ? index.entries.indexOf(entry)
    : undefined;
}

/** Whether one image is meant by these. */
function isOne(selector: ImageSelector, entries: readonly IndexEntry[]): boolean {
  return digestsOf(entries).size === 1 || (selector.kind === "name" && isOneName(entries));
}

/** @throws ImageError `unsupported` where the name is that of something else */
async function findEntries(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  switch (selector.kind) {
    case "only":
      return standingImages(layout, entries, options);
    case "position":
      return entries.slice(selector.position, selector.position + 1);
    case "name": {
      const found = entriesNamed(entries, selector.name);
      const [other] = found.filter((entry) => !mayBeManifest(entry));
      if (other !== undefined) throw notAnImage(selector.name, other);
      return found;
    }
    case "digest":
      return entries.filter((entry) => entry["digest"] === selector.digest);
  }
}

function notAnImage(name: string, { mediaType }: IndexEntry): ImageError {
  return new ImageError(
    "unsupported",
    `${name} is not an image but has the type ${JSON.stringify(mediaType)}`,
  );
}

async function findNested(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions,
): Promise<Descriptor | undefined> {
  if (selector.kind !== "name" && selector.kind !== "digest") return undefined;
  const isMeant = (instance: Descriptor): boolean =>
    selector.kind === "name"
      ? nameOfEntry(instance) === selector.name
      : instance.digest === selector.digest;
  const isIndex = ({ mediaType }: Descriptor): boolean => isIndexMediaType(mediaType);
  const queue: TypedDigest[] = entries
    .filter(({ mediaType }) => typeof mediaType === "string" && isIndexMediaType(mediaType))
    .map(descriptorOfEntry);
  const seen = new Set<Digest>();
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    const instances = await instancesOf(layout, next, options);
    const found = instances.find(isMeant);
    if (found !== undefined) return found;
    queue.push(...instances.filter(isIndex));
  }
  return undefined;
}

async function instancesOf(
  layout: LayoutReader,
  { digest, mediaType }: TypedDigest,
  options: OperationOptions,
): Promise<readonly Descriptor[]> {
  if ((await storedSizeOf(layout, digest, options)) === undefined) return [];
  const manifest = parseManifest({ bytes: await readManifest(layout, digest, options), mediaType });
  return manifest.kind === "index" ? manifest.manifests : [];
}

function notFound(place: string, index: LayoutIndex, selector: ImageSelector): ImageError {
  return new ImageError("not-found", problemOf(place, index, selector));
}

function problemOf(place: string, { entries }: LayoutIndex, selector: ImageSelector): string {
  if (entries.length === 0) return `There is no image in ${place}`;
  const ways = waysToSay(entries);
  switch (selector.kind) {
    case "only":
      return `There are ${digestsOf(entries).size} images in ${place}: say which, as ${ways}`;
    case "position":
      return `No image @${selector.position} in ${place}: there are @0 to @${entries.length - 1}`;
    case "digest":
      return `No image ${selector.digest} in ${place}`;
    case "name": {
      const { name } = selector;
      if (entriesNamed(entries, name).length > 0)
        return `There are several images called ${name} in ${place}: say which, as ${ways}`;
      const meant = closestMatch(
        name,
        entries.flatMap((entry) => nameOfEntry(entry) ?? []),
      );
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return `No image ${name} in ${place}; ${hint}there is ${ways}`;
    }
  }
}

const mostNames = 20;

function waysToSay(entries: readonly IndexEntry[]): string {
  const ways = imageNamesOf(entries);
  const names = ways.filter((way) => !way.startsWith("@"));
  const shown = names.slice(0, mostNames).join(", ");
  if (names.length > mostNames) return `${shown} and ${names.length - mostNames} more`;
  if (names.length > 0 && names.length === ways.length) return shown;
  const positions = entries.length === 1 ? "@0" : `@0 to @${entries.length - 1}`;
  return names.length === 0 ? `${positions} (none has a name)` : `${shown} (or ${positions})`;
}
