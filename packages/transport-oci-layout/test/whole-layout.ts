import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { digestOf, hexOf } from "@drayage/core";
import { blobsOf, instancesOf, isManifestMediaType, parseManifest } from "@drayage/core/manifest";
import { descriptorOfEntry, parseLayoutIndex } from "@drayage/image-layout";
import type { EntryDescriptor } from "@drayage/image-layout";
import { expect } from "vitest";

/** Fails unless everything in `index.json` is present, and every blob matches its digest. */
export async function isWholeLayout(layout: string): Promise<void> {
  const blobs = path.join(layout, "blobs", "sha256");
  for (const name of await readdir(blobs))
    expect(hexOf(digestOf(await readFile(path.join(blobs, name))))).toBe(name);
  const { entries } = parseLayoutIndex(await readFile(path.join(layout, "index.json")));
  const check = async ({ digest, size, mediaType }: EntryDescriptor): Promise<void> => {
    const bytes = await readFile(path.join(blobs, hexOf(digest)));
    expect(bytes.byteLength).toBe(size);
    if (!isManifestMediaType(mediaType)) return;
    const manifest = parseManifest({ bytes, mediaType });
    for (const child of [...instancesOf(manifest), ...blobsOf(manifest)]) await check(child);
  };
  for (const entry of entries) await check(descriptorOfEntry(entry));
}
