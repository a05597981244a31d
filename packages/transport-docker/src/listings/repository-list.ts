import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { Registry } from "../registry/registry.ts";
import { pageSizeLimit } from "./listing.ts";
import { listNames } from "./name-list.ts";

/**
 * Lists the repositories that a registry returns, in its order (Docker registry API, "Listing Repositories").
 * @throws ImageError `unsupported` if the registry does not implement the list; `denied`, `unavailable`
 */
export async function* listRepositories(
  registry: Registry,
  options: OperationOptions,
): AsyncGenerator<string, void, undefined> {
  const { host } = registry.trust;
  const scopes = ["registry:catalog:*"];
  const request = { ...options, method: "GET", scopes, maxBodySize: pageSizeLimit } as const;
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
    throw new ImageError(
      "unsupported",
      `${error.message}; the registry does not list its repositories`,
      {
        cause: error,
      },
    );
  }
}
