import { digestOf, ImageError } from "@drayage/core";
import type { BlobInfo, BlobStat, Digest, GetBlobOptions, SourceOffers } from "@drayage/core";

import { layoutFile } from "../src/index.ts";
import type { IndexChange, LayoutFileName, LayoutStore, StoredBlob } from "../src/index.ts";

/** A layout in memory that behaves like a bucket: blobs are visible at once; the index changes by compare and swap. */
export class BucketLayout implements LayoutStore {
  readonly location: string = "the bucket";
  readonly offers: SourceOffers = { parallelBlobs: 6, ranges: true };
  readonly accepts: LayoutStore["accepts"] = { parallelBlobs: 6 };
  readonly blobs: Map<Digest, Uint8Array> = new Map();
  readonly files: Map<LayoutFileName, Uint8Array> = new Map();
  isDisposed: boolean = false;
  /** Called once, between reading the index and swapping it. */
  meanwhile: (() => void) | undefined;

  async readFile(name: LayoutFileName): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }

  async statBlob(digest: Digest): Promise<BlobStat | undefined> {
    const blob = this.blobs.get(digest);
    return blob && { size: blob.byteLength };
  }

  async *getBlob(digest: Digest, { range }: GetBlobOptions = {}): AsyncGenerator<Uint8Array> {
    const blob = this.blobs.get(digest);
    if (blob === undefined) throw new ImageError("not-found", `No ${digest} in the bucket`);
    yield blob.subarray(range?.start, range?.end === undefined ? undefined : range.end + 1);
  }

  async putBlob(bytes: AsyncIterable<Uint8Array>, { digest }: BlobInfo): Promise<StoredBlob> {
    const blob = Buffer.concat(await Array.fromAsync(bytes));
    const stored = { digest: digest ?? digestOf(blob), size: blob.byteLength };
    this.blobs.set(stored.digest, blob);
    return stored;
  }

  async updateIndex({ next, afterwards }: IndexChange): Promise<void> {
    for (;;) {
      const before = this.files.get("index.json");
      const content = await next(before);
      this.meanwhile?.();
      this.meanwhile = undefined;
      if (this.files.get("index.json") !== before) continue;
      this.files.set("oci-layout", layoutFile);
      this.files.set("index.json", content);
      return afterwards?.();
    }
  }

  async deleteBlob(digest: Digest): Promise<void> {
    this.blobs.delete(digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }
}
