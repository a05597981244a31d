import { digestOf, mediaTypes } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { parseManifest } from "@drayage/core/manifest";

import { digestsOf } from "./image-entries.ts";
import { descriptorOfEntry, formatLayoutIndex, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { mayBeManifest } from "./referrer-entries.ts";
import { storedSizeOf } from "./stored-size.ts";

/** An index that is no blob of the layout: `index.json` itself, or some of its entries. */
export interface PlatformIndex {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Whether these several are one image: each is for a platform, and no two for the same. */
export function areOfPlatforms(entries: readonly IndexEntry[]): boolean {
  if (entries.length < 2) return false;
  const platforms = entries.map(platformOf);
  const names = new Set(entries.map(nameOfEntry));
  const areApart = digestsOf(entries).size === entries.length;
  const isEach = platforms.every((platform) => platform !== undefined);
  return isEach && areApart && names.size === 1 && new Set(platforms).size === entries.length;
}

/**
 * The index of one image for several platforms that is listed by platform in `index.json`, as go-containerregistry
 * writes one. Where `index.json` has nothing else, its own bytes are the index, and its digest the digest of the image.
 */
export async function platformIndex(
  layout: LayoutReader,
  { content, fields, entries }: LayoutIndex,
  instances: readonly IndexEntry[],
  options: OperationOptions = {},
): Promise<PlatformIndex> {
  const isAll = entries.every((entry) => mayBeManifest(entry) && nameOfEntry(entry) === undefined);
  const own = isAll && content !== undefined ? ownIndex(content, fields["mediaType"]) : undefined;
  return own ?? generatedIndex(layout, instances, options);
}

/** Undefined where it is no index by the specification. */
function ownIndex(bytes: Uint8Array, stated: unknown): PlatformIndex | undefined {
  const mediaType = typeof stated === "string" && stated !== "" ? stated : mediaTypes.ociIndex;
  try {
    parseManifest({ bytes, mediaType });
    return { digest: digestOf(bytes), mediaType, bytes };
  } catch {
    return undefined;
  }
}

async function generatedIndex(
  layout: LayoutReader,
  instances: readonly IndexEntry[],
  options: OperationOptions,
): Promise<PlatformIndex> {
  const { ociIndex: mediaType, ociManifest } = mediaTypes;
  const entries: IndexEntry[] = [];
  for (const { platform, ...instance } of instances) {
    const described = descriptorOfEntry(instance);
    const size = described.size ?? (await storedSizeOf(layout, described.digest, options)) ?? 0;
    const type = described.mediaType ?? ociManifest;
    entries.push({ mediaType: type, digest: described.digest, size, platform });
  }
  const bytes = formatLayoutIndex({ fields: { schemaVersion: 2, mediaType }, entries });
  return { digest: digestOf(bytes), mediaType, bytes };
}

/** In one text; undefined where there is none. */
function platformOf({ platform }: IndexEntry): string | undefined {
  if (!isJSONObject(platform)) return undefined;
  const { os, architecture, variant, "os.version": version } = platform;
  const isWhole = typeof os === "string" && os !== "" && typeof architecture === "string";
  if (!isWhole || architecture === "") return undefined;
  return JSON.stringify([os, architecture, variant ?? "", version ?? ""]);
}
