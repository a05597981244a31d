import type { Digest } from "@drayage/core";

import type { BlobStore } from "./blob-store.ts";
import type { Answer, OpenRequest } from "./http/exchange.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import type { Repositories } from "./repositories.ts";
import type { Uploads } from "./uploads.ts";

/** What the handlers of requests work on. */
export interface RegistryState {
  readonly settings: RegistrySettings;
  readonly origin: string;
  readonly repositories: Repositories;
  readonly store: BlobStore;
  readonly uploads: Uploads;
  /** Where else a blob can be read; undefined where the registry gives blobs itself. */
  readonly redirectOf: ((digest: Digest, size: number) => string) | undefined;
}

/** A request to an endpoint that was found. */
export interface Call extends OpenRequest {
  /** The repository; empty where the endpoint has none. */
  readonly name: string;
  /** What the path ends with: a digest, a tag, the id of an upload; empty where the endpoint has none. */
  readonly target: string;
}

export type Handler = (call: Call, state: RegistryState) => Answer | Promise<Answer>;

/** For `Location` and `Link`. */
export function locationOf(path: string, { settings, origin }: RegistryState): string {
  return settings.locations === "absolute" ? origin + path : path;
}
