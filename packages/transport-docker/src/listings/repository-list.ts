import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { Registry } from "../registry/registry.ts";
import { pageSizeLimit } from "./listing.ts";
import { listNames } from "./name-list.ts";

/**
 * The repositories of a registry as far as it tells them, in its order (Docker's registry API, "Listing Repositories").
 * @throws ImageError `unsupported` where it has no such list; `denied`, `unavailable`
 */
export async function* listRepositories(
  registry: Registry,
  options: OperationOptions,
): AsyncGenerator<string, void, undefined> {
  const { host } = registry.trust;
  const scopes = ["registry:catalog:*"];
  const request = { ...options, method: "GET", scopes, wholeUpTo: pageSizeLimit } as const;
  try {
    yield* listNames({
      what: `the repositories of ${host}`,
      start: "/v2/_catalog",
      field: "repositories",
      classify: (text) => (text === "" ? "skip" : "name"),
      ask: async (target) => registry.request({ ...request, target }),
    });
  } catch (error) {
    if (!isImageError(error, "not-found")) throw error;
    throw new ImageError("unsupported", `${error.message}: it does not list its repositories`, {
      cause: error,
    });
  }
}
