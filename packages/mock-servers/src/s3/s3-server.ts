import { openWebServer } from "@drayage/registry/http";

import { folderContent, memoryContent } from "./content.ts";
import type { S3Access } from "./s3-access.ts";
import { s3Bucket } from "./s3-bucket.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { s3Listener } from "./s3-listener.ts";
import type { LoggedS3Request } from "./s3-log.ts";
import { s3Router } from "./s3-router.ts";
import { defaultCredentials } from "./s3-settings.ts";
import type { S3Settings } from "./s3-settings.ts";
import { emptyBucket } from "./s3-state.ts";
import type { S3State } from "./s3-state.ts";

/** An in-process S3 server. It ends when it is disposed of; objects in a folder remain. */
export interface S3Server extends AsyncDisposable {
  /** With the first of its credentials. */
  readonly access: S3Access;
  /** Every request since the start or the last `clear`, in order of arrival. */
  readonly requests: readonly LoggedS3Request[];
  /** Empties `requests`. */
  clear(): void;
  /** The bucket with this name, created if it does not exist. The default name is `bucket`. */
  bucket(name?: string): S3Bucket;
}

/** Starts an S3 server that strictly implements Amazon's API reference, over HTTP or HTTPS. */
export async function startS3(settings: S3Settings = {}): Promise<S3Server> {
  const { region = "us-east-1", buckets = ["bucket"], credentials = [] } = settings;
  const server = await openWebServer(settings, settings.port ?? 0);
  const state: S3State = {
    settings,
    region,
    buckets: new Map(buckets.map((name) => [name, emptyBucket(name)])),
    contents: settings.folder === undefined ? memoryContent() : folderContent(settings.folder),
    now: settings.now ?? (() => new Date()),
  };
  const requests: LoggedS3Request[] = [];
  server.serve(s3Listener(s3Router(state), requests, state));
  return {
    access: {
      endpoint: server.origin,
      region,
      forcePathStyle: true,
      credentials: credentials[0] ?? defaultCredentials,
    },
    requests,
    clear: () => void requests.splice(0),
    bucket(name = "bucket") {
      const bucket = state.buckets.get(name) ?? emptyBucket(name);
      state.buckets.set(name, bucket);
      return s3Bucket(bucket, state);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
