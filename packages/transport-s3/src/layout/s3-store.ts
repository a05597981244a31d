import type { Notice, OperationOptions } from "@drayage/core";
import { PartMemory } from "@drayage/transport-kit/wire";

import { Bucket } from "../client/bucket.ts";
import { probeConditions, standardConditions } from "../client/conditions.ts";
import type { Conditions } from "../client/conditions.ts";
import { Connection } from "../client/connection.ts";
import { fileHeaders } from "../client/object-headers.ts";
import { keyIn, parseS3Folder } from "../s3-location.ts";
import type { S3Folder } from "../s3-location.ts";
import type { S3Settings } from "../s3-settings.ts";
import { LayoutFiles } from "./layout-files.ts";

/** Bytes. */
const defaultPartSize = 16 << 20;
const defaultConcurrency = 4;

/** The connections and settings that all images of one `s3()` share. */
export class S3Store {
  readonly settings: S3Settings;
  readonly partSize: number;
  /** The memory for parts that are sent. */
  readonly sending: PartMemory;
  /** The memory for ranges that are read ahead. */
  readonly reading: PartMemory;
  /** The folder for the blobs of several layouts; undefined if each layout has its own. */
  readonly sharedBlobs: S3Folder | undefined;
  readonly #connection: Connection;
  readonly #buckets = new Map<string, Bucket>();
  readonly #files = new Map<string, { readonly files: LayoutFiles; users: number }>();
  readonly #conditions = new Map<string, Promise<Conditions>>();

  /** `minPartSize`: the smallest part that stores accept, in bytes. */
  constructor(settings: S3Settings, minPartSize: number = 5 << 20) {
    const { partSize = defaultPartSize, concurrency = defaultConcurrency } = settings;
    this.settings = settings;
    this.partSize = Math.max(partSize, minPartSize);
    this.sending = new PartMemory(this.partSize, concurrency);
    this.reading = new PartMemory(this.partSize, concurrency - 1);
    this.sharedBlobs = settings.blobs === undefined ? undefined : parseS3Folder(settings.blobs);
    this.#connection = new Connection(settings);
  }

  /** The origin of the store; undefined for AWS, whose buckets share one namespace. */
  get endpoint(): string | undefined {
    return this.#connection.isAWS ? undefined : this.#connection.origin?.origin;
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name) ?? new Bucket(name, this.#connection);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  /** Returns the same `LayoutFiles` to all concurrent users of a layout. */
  useFiles(folder: S3Folder): Disposable & { readonly files: LayoutFiles } {
    const name = keyIn(folder.bucket, folder.prefix);
    const conditions = (options: OperationOptions): Promise<Conditions> =>
      this.conditionsFor(folder, options);
    const bucket = this.bucket(folder.bucket);
    const used = this.#files.get(name) ?? {
      files: new LayoutFiles(bucket, folder.prefix, this.settings, conditions),
      users: 0,
    };
    used.users++;
    this.#files.set(name, used);
    return {
      files: used.files,
      [Symbol.dispose]: () => {
        if (--used.users === 0) this.#files.delete(name);
      },
    };
  }

  /** How the bucket of a layout handles conditions. Probes an unknown store by writing `oci-layout`. */
  async conditionsFor(folder: S3Folder, options: OperationOptions): Promise<Conditions> {
    const { conditionalWrites } = this.settings;
    if (conditionalWrites !== undefined) return conditionalWrites ? standardConditions : undefined;
    if (this.#connection.isAWS) return standardConditions;
    const conditions = this.#conditions.get(folder.bucket) ?? this.#probe(folder, options);
    this.#conditions.set(folder.bucket, conditions);
    return conditions;
  }

  async #probe(folder: S3Folder, { onNotice, retries }: OperationOptions): Promise<Conditions> {
    const bucket = this.bucket(folder.bucket);
    const key = keyIn(folder.prefix, "oci-layout");
    const headers = fileHeaders(this.settings, "application/json");
    try {
      const conditions = await probeConditions(bucket, key, headers, { retries });
      if (conditions === undefined) onNotice?.(this.#noticeOf(folder));
      return conditions;
    } catch (error) {
      this.#conditions.delete(folder.bucket);
      throw error;
    }
  }

  #noticeOf({ bucket, prefix }: S3Folder): Notice {
    const text = `the store does not honour If-Match and If-None-Match; writers of ${keyIn(bucket, prefix)} exclude each other by a lock object`;
    return { kind: "caution", text };
  }
}
