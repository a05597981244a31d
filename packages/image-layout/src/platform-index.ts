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

/** An index that is not a blob of the layout: `index.json` itself, or one generated from some of its entries. */
export interface PlatformIndex {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Whether these entries are one image: each has a platform, and no two have the same. */
export function isListedByPlatform(entries: readonly IndexEntry[]): boolean {
  if (entries.length < 2) return false;
  const platforms = entries.map(platformOf);
  const names = new Set(entries.map(nameOfEntry));
  const areDistinct = digestsOf(entries).size === entries.length;
  const hasPlatforms = platforms.every((platform) => platform !== undefined);
  return (
    hasPlatforms && areDistinct && names.size === 1 && new Set(platforms).size === entries.length
  );
}

/**
 * The index of an image whose platforms are listed in `index.json` itself, as go-containerregistry writes it. If
 * `index.json` lists nothing else, it is the index: its digest is the digest of the image.
 */
export async function platformIndex(
  layout: LayoutReader,
  { content, fields, entries }: LayoutIndex,
  instances: readonly IndexEntry[],
  options: OperationOptions = {},
): Promise<PlatformIndex> {
  const isOnlyImage = entries.every(
    (entry) => mayBeManifest(entry) && nameOfEntry(entry) === undefined,
  );
  const own =
    isOnlyImage && content !== undefined ? ownIndex(content, fields["mediaType"]) : undefined;
  return own ?? generatedIndex(layout, instances, options);
}

/** Undefined if `index.json` is not a valid index. */
function ownIndex(bytes: Uint8Array, declaredType: unknown): PlatformIndex | undefined {
  const mediaType =
    typeof declaredType === "string" && declaredType !== "" ? declaredType : mediaTypes.ociIndex;
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

/** The platform as a comparable text; undefined if the entry has none. */
function platformOf({ platform }: IndexEntry): string | undefined {
  if (!isJSONObject(platform)) return undefined;
  const { os, architecture, variant, "os.version": version } = platform;
  const isPlatform = typeof os === "string" && os !== "" && typeof architecture === "string";
  if (!isPlatform || architecture === "") return undefined;
  return JSON.stringify([os, architecture, variant ?? "", version ?? ""]);
}
