import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { descriptorOfEntry, digestsUnder, parseLayoutIndex } from "@drayage/image-layout";

import { keyIn } from "../s3-location.ts";
import type { S3Folder } from "../s3-location.ts";
import { abortUpload, listUploads } from "../uploads/uploads.ts";
import { S3Layout } from "./s3-layout.ts";
import type { S3Store } from "./s3-store.ts";

/** How what nobody needs is collected. */
export interface CollectOptions extends OperationOptions {
  /** Milliseconds for which it stays all the same: a copy may be about to need it. Default: a day. */
  readonly grace?: number | undefined;
  /** True to tell what there is, and delete nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What nobody needs any more. */
export interface Garbage {
  /** An object below `blobs`, or an upload in parts that nobody completed. */
  readonly kind: "object" | "upload";
  readonly key: string;
  /** Bytes; undefined for an upload. */
  readonly size: number | undefined;
  /** When it was written, or begun. */
  readonly modified: Date;
}

interface FoundGarbage extends Garbage {
  /** False where it has to stay for now. */
  readonly remove: (options: OperationOptions) => Promise<boolean>;
}

const day = 86_400_000;
const parallelDeletes = 16;
/** More than can be deleted while others wait; it bounds the memory. */
const maxAtOnce = 1_000_000;

/**
 * Deletes blobs of a layout that no image needs, and gives up uploads that nobody went on with. Safe beside running
 * copies: those that count on what goes are told so when they commit. Of more than a million it takes the first million.
 * @throws ImageError `not-found` where there is no layout; `unsupported` where blobs are shared
 */
export async function collectGarbage(
  store: S3Store,
  folder: S3Folder,
  { grace = day, dryRun = false, ...options }: CollectOptions,
): Promise<readonly Garbage[]> {
  await using layout = new S3Layout(store, folder);
  if (store.sharedBlobs !== undefined)
    throw new ImageError("unsupported", "Of shared blobs nobody knows all who need them");
  const before = Date.now() - grace;
  const find = async (index: Uint8Array | undefined): Promise<readonly FoundGarbage[]> => {
    if (index === undefined)
      throw new ImageError("not-found", `No image layout in ${layout.location}`);
    const old: FoundGarbage[] = [];
    for await (const one of garbageIn(store, folder, layout, index, options)) {
      if (one.modified.getTime() < before) old.push(one);
      if (old.length === maxAtOnce) break;
    }
    return old;
  };
  const found = await find(await layout.readFile("index.json", options));
  if (dryRun || found.length === 0) return found.map(told);
  const removed: Garbage[] = [];
  let left = found.values();
  const work = async (): Promise<void> => {
    for (const one of left) if (await one.remove(options)) removed.push(told(one));
  };
  await layout.updateIndex(
    {
      async next(index) {
        left = (await find(index)).values();
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
    const remove = async (given: OperationOptions): Promise<boolean> =>
      layout.deleteKey(key, given);
    if (!keys.has(key)) yield { kind: "object", key, size, modified, remove };
  }
  for await (const upload of listUploads(bucket, blobs, options)) {
    const { key, begun: modified } = upload;
    const remove = async (given: OperationOptions): Promise<boolean> => {
      await abortUpload(bucket, upload, given);
      return true;
    };
    yield { kind: "upload", key, size: undefined, modified, remove };
  }
}

function told({ kind, key, size, modified }: FoundGarbage): Garbage {
  return { kind, key, size, modified };
}
