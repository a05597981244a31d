import { ImageError } from "@drayage/core";
import type { CollectOptions, Garbage, OperationOptions } from "@drayage/core";
import { descriptorOfEntry, digestsUnder, parseLayoutIndex } from "@drayage/image-layout";

import { keyIn } from "../s3-location.ts";
import type { S3Folder } from "../s3-location.ts";
import { abortUpload, listUploads } from "../uploads/uploads.ts";
import { S3Layout } from "./s3-layout.ts";
import type { S3Store } from "./s3-store.ts";

interface FoundGarbage extends Garbage {
  /** Deletes it. Returns false if it must be kept for now. */
  readonly remove: (options: OperationOptions) => Promise<boolean>;
}

const day = 86_400_000;
const parallelDeletes = 16;
/** Limits the memory. Fewer can be deleted while other writers wait. */
const maxGarbage = 1_000_000;

/**
 * Deletes blobs of a layout that no image needs, and aborts abandoned uploads. Safe while copies run: a copy that reuses
 * a deleted blob fails with `conflict` when it commits. Handles up to a million objects per call.
 * @throws ImageError `not-found` if there is no layout; `unsupported` if layouts share blobs
 */
export async function collectGarbage(
  store: S3Store,
  folder: S3Folder,
  { grace = day, dryRun = false, ...options }: CollectOptions,
): Promise<readonly Garbage[]> {
  await using layout = new S3Layout(store, folder);
  if (store.sharedBlobs !== undefined)
    throw new ImageError(
      "unsupported",
      "Cannot collect shared blobs, because other layouts may need them; remove the setting `blobs` to collect those of this layout",
    );
  const before = Date.now() - grace;
  const find = async (index: Uint8Array | undefined): Promise<readonly FoundGarbage[]> => {
    if (index === undefined)
      throw new ImageError("not-found", `No image layout in ${layout.location}`);
    const old: FoundGarbage[] = [];
    for await (const garbage of garbageIn(store, folder, layout, index, options)) {
      if (garbage.modified.getTime() < before) old.push(garbage);
      if (old.length === maxGarbage) break;
    }
    return old;
  };
  const found = await find(await layout.readFile("index.json", options));
  if (dryRun || found.length === 0) return found.map(toGarbage);
  const removed: Garbage[] = [];
  let remaining = found.values();
  const work = async (): Promise<void> => {
    for (const garbage of remaining)
      if (await garbage.remove(options)) removed.push(toGarbage(garbage));
  };
  await layout.updateIndex(
    {
      async next(index) {
        remaining = (await find(index)).values();
        return index ?? new Uint8Array(0);
      },
      async afterwards() {
        await Promise.all(Array.from({ length: parallelDeletes }, work));
      },
    },
    options,
  );
  return removed;
}

async function* garbageIn(
  store: S3Store,
  folder: S3Folder,
  layout: S3Layout,
  index: Uint8Array,
  options: OperationOptions,
): AsyncGenerator<FoundGarbage, void, undefined> {
  const bucket = store.bucket(folder.bucket);
  const { entries } = parseLayoutIndex(index);
  const needed = await digestsUnder(layout, entries.map(descriptorOfEntry), options);
  const keys = new Set([...needed].map((digest) => layout.objectOf(digest).key));
  const blobs = keyIn(folder.prefix, "blobs/");
  for await (const { key, size, modified } of bucket.list(blobs, options)) {
    const remove = async (removal: OperationOptions): Promise<boolean> =>
      layout.deleteKey(key, removal);
    if (!keys.has(key)) yield { kind: "object", key, size, modified, remove };
  }
  for await (const upload of listUploads(bucket, blobs, options)) {
    const { key, createdAt: modified } = upload;
    const remove = async (removal: OperationOptions): Promise<boolean> => {
      await abortUpload(bucket, upload, removal);
      return true;
    };
    yield { kind: "upload", key, size: undefined, modified, remove };
  }
}

function toGarbage({ kind, key, size, modified }: FoundGarbage): Garbage {
  return { kind, key, size, modified };
}
