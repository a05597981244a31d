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
import { isListedByPlatform, platformIndex } from "./platform-index.ts";
import type { PlatformIndex } from "./platform-index.ts";
import { mayBeManifest } from "./referrer-entries.ts";
import { storedSizeOf } from "./stored-size.ts";
import { topLevelImages } from "./top-level-images.ts";

/** An image in a layout: a stored manifest, or an index generated from entries for several platforms. */
export type FoundImage = TypedDigest | PlatformIndex;

/**
 * Finds the selected image. A name or digest that is not in `index.json` is searched for in the indexes it references.
 * @throws ImageError `not-found`, with the available images; `unsupported` if the name is not that of an image
 */
export async function findImage(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<FoundImage> {
  const entries = await findEntries(layout, index, selector, options);
  const [entry] = entries;
  if (isListedByPlatform(entries)) return platformIndex(layout, index, entries, options);
  if (entry !== undefined && isOneImage(selector, entries)) return descriptorOfEntry(entry);
  const nested = entry === undefined && (await findNested(layout, index, selector, options));
  if (nested) return nested;
  throw notFound(layout.location, index, selector);
}

/**
 * The entries of the selected image in `index.json`. A name selects its entries only, a position one entry, a digest or
 * `only` all entries of the image. @throws ImageError as `findImage`
 */
export async function entriesOf(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<readonly IndexEntry[]> {
  const found = await findEntries(layout, index, selector, options);
  if (selector.kind === "name" && isListedByPlatform(found)) return found;
  const [first] = found;
  if (first === undefined || !isOneImage(selector, found))
    throw notFound(layout.location, index, selector);
  const isOfImage = ({ digest }: IndexEntry): boolean => digest === first["digest"];
  return selector.kind === "only" ? index.entries.filter(isOfImage) : found.filter(isOfImage);
}

/** The position of the only top-level image. Undefined if there are none or several. */
export async function findOnly(
  layout: LayoutReader,
  index: LayoutIndex,
  options: OperationOptions = {},
): Promise<number | undefined> {
  const entries = await topLevelImages(layout, index.entries, options);
  const [entry] = entries;
  return entry !== undefined && isOneImage({ kind: "only" }, entries)
    ? index.entries.indexOf(entry)
    : undefined;
}

/** Whether these entries are of one image. */
function isOneImage(selector: ImageSelector, entries: readonly IndexEntry[]): boolean {
  return digestsOf(entries).size === 1 || (selector.kind === "name" && isOneName(entries));
}

/** @throws ImageError `unsupported` if the name is not that of an image */
async function findEntries(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  switch (selector.kind) {
    case "only":
      return topLevelImages(layout, entries, options);
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
  const isSelected = (instance: Descriptor): boolean =>
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
    const found = instances.find(isSelected);
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

function notFound(location: string, index: LayoutIndex, selector: ImageSelector): ImageError {
  return new ImageError("not-found", notFoundMessage(location, index, selector));
}

function notFoundMessage(
  location: string,
  { entries }: LayoutIndex,
  selector: ImageSelector,
): string {
  if (entries.length === 0) return `No images in ${location}`;
  const choices = formatChoices(entries);
  switch (selector.kind) {
    case "only":
      return `There are ${digestsOf(entries).size} images in ${location}; select one: ${choices}`;
    case "position":
      return `No image @${selector.position} in ${location}; available: @0 to @${entries.length - 1}`;
    case "digest":
      return `No image ${selector.digest} in ${location}`;
    case "name": {
      const { name } = selector;
      if (entriesNamed(entries, name).length > 0)
        return `Several images are named ${name} in ${location}; select one: ${choices}`;
      const nearest = closestMatch(
        name,
        entries.flatMap((entry) => nameOfEntry(entry) ?? []),
      );
      const hint = nearest === undefined ? "" : `did you mean ${nearest}? `;
      return `No image ${name} in ${location}; ${hint}available: ${choices}`;
    }
  }
}

/** How many names a message lists. */
const maxListedNames = 20;

function formatChoices(entries: readonly IndexEntry[]): string {
  const selectors = imageNamesOf(entries);
  const names = selectors.filter((selector) => !selector.startsWith("@"));
  const shown = names.slice(0, maxListedNames).join(", ");
  if (names.length > maxListedNames) return `${shown} and ${names.length - maxListedNames} more`;
  if (names.length > 0 && names.length === selectors.length) return shown;
  const positions = entries.length === 1 ? "@0" : `@0 to @${entries.length - 1}`;
  return names.length === 0 ? `${positions} (no image has a name)` : `${shown} (or ${positions})`;
}
