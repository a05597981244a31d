import type { Digest } from "@drayage/core";

import type { BlobStore } from "./blob-store.ts";
import type { Answer, OpenRequest } from "./http/exchange.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import type { Repositories } from "./repositories.ts";
import type { Uploads } from "./uploads.ts";

/** The state that request handlers work with. */
export interface RegistryState {
  readonly settings: RegistrySettings;
  readonly origin: string;
  readonly repositories: Repositories;
  readonly store: BlobStore;
  readonly uploads: Uploads;
  /** The URL to redirect a blob to; undefined to serve blobs directly. */
  readonly redirectOf: ((digest: Digest, size: number) => string) | undefined;
}

/** A request to an endpoint. */
export interface Call extends OpenRequest {
  /** The repository; empty for endpoints without one. */
  readonly name: string;
  /** The end of the path: a digest, a tag or an upload ID; empty for endpoints without one. */
  readonly target: string;
}

export type Handler = (call: Call, state: RegistryState) => Answer | Promise<Answer>;

/** For `Location` and `Link`. */
export function locationOf(path: string, { settings, origin }: RegistryState): string {
  return settings.locations === "absolute" ? origin + path : path;
}
