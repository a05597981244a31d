import {
  ImageError,
  isIndexMediaType,
  isManifestMediaType,
  nearestOf,
  parseManifest,
} from "@drayage/core";
import type { Descriptor, Digest, OperationOptions } from "@drayage/core";

import type { ImageSelector } from "./image-selector.ts";
import { readManifest } from "./image-tree.ts";
import { descriptorOfEntry, nameOfEntry } from "./layout-index.ts";
import type { LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { subjectOfEntry } from "./referrer-entries.ts";

/**
 * The image that is meant; a name that `index.json` does not have is looked for in the indexes that it names.
 * @throws ImageError `not-found` that tells what there is; `unsupported` for what is no image
 */
export async function findImage(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<Descriptor> {
  const entry = index.entries[(await findPosition(layout, index, selector, options)) ?? -1];
  if (entry !== undefined) return descriptorOfEntry(entry);
  const nested = await findNested(layout, index, selector, options);
  if (nested !== undefined) return nested;
  throw notFound(layout.place, index, selector);
}

/** The position of an entry that is in `index.json` itself. @throws ImageError as `findImage` */
export async function positionOf(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<number> {
  const position = await findPosition(layout, index, selector, options);
  if (position === undefined) throw notFound(layout.place, index, selector);
  return position;
}

/** The position of the only image: what refers to others does not count beside one. */
export async function findOnly(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  options: OperationOptions = {},
): Promise<number | undefined> {
  if (entries.length === 1) return 0;
  let only: number | undefined;
  for (const [at, entry] of entries.entries()) {
    if ((await subjectOfEntry(layout, entry, options)) !== undefined) continue;
    if (only !== undefined) return undefined;
    only = at;
  }
  return only;
}

/** @throws ImageError `unsupported` where the name is that of something else */
async function findPosition(
  layout: LayoutReader,
  index: LayoutIndex,
  selector: ImageSelector,
  options: OperationOptions,
): Promise<number | undefined> {
  switch (selector.kind) {
    case "only":
      return findOnly(layout, index, options);
    case "position":
      return selector.position < index.entries.length ? selector.position : undefined;
    case "name":
      return findNamed(index.entries, selector.name);
    case "digest": {
      const found = index.entries.findIndex((entry) => entry["digest"] === selector.digest);
      return found < 0 ? undefined : found;
    }
  }
}

function findNamed(entries: LayoutIndex["entries"], name: string): number | undefined {
  const isNamed = (entry: LayoutIndex["entries"][number]): boolean => nameOfEntry(entry) === name;
  const found = entries.findIndex((entry) => isNamed(entry) && isImage(entry["mediaType"]));
  if (found >= 0) return found;
  const other = entries.find(isNamed);
  if (other === undefined) return undefined;
  throw new ImageError(
    "unsupported",
    `${name} is not an image but has the type ${JSON.stringify(other["mediaType"])}`,
  );
}

function isImage(mediaType: unknown): boolean {
  return typeof mediaType === "string" && isManifestMediaType(mediaType);
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
  const queue = entries
    .filter(({ mediaType }) => isImage(mediaType))
    .map(descriptorOfEntry)
    .filter(isIndex);
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
  { digest, mediaType }: Descriptor,
  options: OperationOptions,
): Promise<readonly Descriptor[]> {
  if ((await layout.blobSize(digest, options)) === undefined) return [];
  const manifest = parseManifest({ bytes: await readManifest(layout, digest, options), mediaType });
  return manifest.kind === "index" ? manifest.manifests : [];
}

function notFound(place: string, index: LayoutIndex, selector: ImageSelector): ImageError {
  return new ImageError("not-found", problemOf(place, index, selector));
}

function problemOf(place: string, { entries }: LayoutIndex, selector: ImageSelector): string {
  const names = [...new Set(entries.flatMap((entry) => nameOfEntry(entry) ?? []))];
  if (entries.length === 0) return `There is no image in ${place}`;
  switch (selector.kind) {
    case "only":
      return `There are ${entries.length} images in ${place}: say which, as ${waysToSay(names, entries.length)}`;
    case "position":
      return `No image @${selector.position} in ${place}: there are @0 to @${entries.length - 1}`;
    case "digest":
      return `No image ${selector.digest} in ${place}`;
    case "name": {
      const meant = nearestOf(selector.name, names);
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return `No image ${selector.name} in ${place}; ${hint}there is ${waysToSay(names, entries.length)}`;
    }
  }
}

const mostNames = 20;

function waysToSay(names: readonly string[], count: number): string {
  const shown = names.slice(0, mostNames).join(", ");
  if (names.length > mostNames) return `${shown} and ${names.length - mostNames} more`;
  if (names.length > 0 && names.length === count) return shown;
  const positions = count === 1 ? "@0" : `@0 to @${count - 1}`;
  return names.length === 0 ? `${positions} (none has a name)` : `${shown} (or ${positions})`;
}
