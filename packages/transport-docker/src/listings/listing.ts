import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { HTTPResponse } from "../http/http-exchange.ts";
import type { Repository } from "../repository.ts";
import { nextPageOf } from "./next-page.ts";

/** Registries were seen to list a hundred thousand tags at once. */
export const pageSizeLimit: number = 1 << 24;

/** The answers of which a list consists; each has to be read before the next is asked for. */
export async function* pagesOf(
  repository: Repository,
  start: string,
  options: OperationOptions,
): AsyncGenerator<HTTPResponse, void, undefined> {
  const seen = new Set<string>();
  let target: string | URL | undefined = start;
  while (target !== undefined) {
    const response: HTTPResponse = await repository.request({
      ...options,
      method: "GET",
      target,
      action: "pull",
      wholeUpTo: pageSizeLimit,
    });
    yield response;
    target = nextPageOf(response);
    if (target !== undefined && seen.has(target.href)) throw endless(repository, start);
    seen.add(target?.href ?? "");
  }
}

function endless(repository: Repository, start: string): ImageError {
  return new ImageError("unsupported", `${start} of ${repository.name} goes round in circles`);
}
