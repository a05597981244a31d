import { createHash } from "node:crypto";

import { gathered, inOne } from "@drayage/core";

import { fullChecksum } from "./checksum.ts";
import { readContent } from "./content.ts";
import { compareKeys } from "./listing.ts";
import { removeObject } from "./s3-state.ts";
import type { Bucket, S3State } from "./s3-state.ts";

/** What is in a bucket, and ways to it that need no client and check nothing. */
export interface S3Bucket {
  readonly name: string;
  /** Takes the place of what was there. */
  put(key: string, bytes: Uint8Array | string, options?: PutOptions): Promise<void>;
  /** What clients would read; undefined where nothing is there. */
  find(key: string): Promise<FoundObject | undefined>;
  /** As if a client had done it: writes under a condition that are under way end in a conflict. */
  delete(key: string): void;
  /** In S3's order. */
  keys(prefix?: string): readonly string[];
  /** The uploads that nobody completed or aborted. */
  uploads(): readonly FoundUpload[];
}

/** How an object is put into a bucket behind its server's back. */
export interface PutOptions {
  /** Default: the server's now. */
  readonly lastModified?: Date | undefined;
  /** What is kept as its SHA-256, in base64, be it right or not. Default: none, but the right CRC64NVME. */
  readonly sha256?: string | undefined;
}

/** What is there under a key. */
export interface FoundObject {
  readonly bytes: Uint8Array;
  /** With its quotation marks. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Names in lower case: what it is, how it is kept, its metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An upload that is under way or was forgotten. */
export interface FoundUpload {
  readonly key: string;
  readonly id: string;
  /** The numbers of the parts that are there. */
  readonly parts: readonly number[];
}

export function s3Bucket(bucket: Bucket, state: S3State): S3Bucket {
  const { name, objects, uploads } = bucket;
  return {
    name,
    async put(key, content, { lastModified = state.now(), sha256: value } = {}) {
      const bytes = Buffer.from(content as Uint8Array);
      const segment = await state.contents.add(inOne(bytes));
      objects.set(key, {
        key,
        content: [segment],
        size: segment.size,
        etag: `"${createHash("md5").update(bytes).digest("hex")}"`,
        lastModified,
        headers: { "content-type": "binary/octet-stream" },
        checksum:
          value === undefined
            ? await fullChecksum("CRC64NVME", inOne(bytes))
            : { algorithm: "SHA256", type: "FULL_OBJECT", value },
        parts: undefined,
      });
    },
    async find(key) {
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { content, etag, lastModified, headers } = object;
      return { bytes: await gathered(readContent(content), Infinity), etag, lastModified, headers };
    },
    delete: (key) => removeObject(bucket, key),
    keys: (prefix = "") =>
      [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted(compareKeys),
    uploads: () =>
      [...uploads.values()].map(({ key, id, parts }) => ({
        key,
        id,
        parts: [...parts.keys()].toSorted((a, b) => a - b),
      })),
  };
}
