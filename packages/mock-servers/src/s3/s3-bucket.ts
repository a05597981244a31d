import { createHash } from "node:crypto";

import { readAll, streamOf } from "@drayage/core/content";

import { fullChecksum } from "./checksum.ts";
import { readContent } from "./content.ts";
import { compareKeys } from "./listing.ts";
import { removeObject } from "./s3-state.ts";
import type { Bucket, S3State } from "./s3-state.ts";

/** The content of a bucket, with unchecked access that needs no client. */
export interface S3Bucket {
  readonly name: string;
  /** Replaces an existing object. */
  put(key: string, bytes: Uint8Array | string, options?: PutOptions): Promise<void>;
  /** The object as clients read it; undefined if it does not exist. */
  find(key: string): Promise<FoundObject | undefined>;
  /** Like a delete by a client: concurrent conditional writes fail with a conflict. */
  delete(key: string): void;
  /** Sorted in S3's order. */
  keys(prefix?: string): readonly string[];
  /** The uploads that are neither completed nor aborted. */
  uploads(): readonly FoundUpload[];
}

/** Options for storing an object without a request. */
export interface PutOptions {
  /** The default is the server's current time. */
  readonly lastModified?: Date | undefined;
  /** The stored SHA-256 in base64, which may be wrong. The default is a correct CRC64NVME instead. */
  readonly sha256?: string | undefined;
}

/** A stored object. */
export interface FoundObject {
  readonly bytes: Uint8Array;
  /** With quotation marks. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Content headers and metadata. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An active or abandoned upload. */
export interface FoundUpload {
  readonly key: string;
  readonly id: string;
  /** The numbers of the uploaded parts. */
  readonly parts: readonly number[];
}

export function s3Bucket(bucket: Bucket, state: S3State): S3Bucket {
  const { name, objects, uploads } = bucket;
  return {
    name,
    async put(key, content, { lastModified = state.now(), sha256: value } = {}) {
      const bytes = Buffer.from(content as Uint8Array);
      const segment = await state.contents.add(streamOf(bytes));
      objects.set(key, {
        key,
        content: [segment],
        size: segment.size,
        etag: `"${createHash("md5").update(bytes).digest("hex")}"`,
        lastModified,
        headers: { "content-type": "binary/octet-stream" },
        checksum:
          value === undefined
            ? await fullChecksum("CRC64NVME", streamOf(bytes))
            : { algorithm: "SHA256", type: "FULL_OBJECT", value },
        parts: undefined,
      });
    },
    async find(key) {
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { content, etag, lastModified, headers } = object;
      return { bytes: await readAll(readContent(content), Infinity), etag, lastModified, headers };
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
