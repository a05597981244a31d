import { ImageError } from "@drayage/core";

import type { HTTPResponse } from "../http/http-exchange.ts";
import { nextPageOf } from "./next-page.ts";

/** Registries were seen to list a hundred thousand tags at once. */
export const pageSizeLimit: number = 1 << 24;

/** A list that a registry gives out in pages. */
export interface Listing {
  /** For people: `the tags of docker.io/library/alpine` */
  readonly what: string;
  readonly start: string;
  readonly ask: (target: string | URL) => Promise<HTTPResponse>;
}

/** The answers of which a list consists; each has to be read before the next is asked for. */
export async function* pagesOf({
  what,
  start,
  ask,
}: Listing): AsyncGenerator<HTTPResponse, void, undefined> {
  const seen = new Set<string>();
  let target: string | URL | undefined = start;
  while (target !== undefined) {
    const response: HTTPResponse = await ask(target);
    yield response;
    target = nextPageOf(response);
    if (target !== undefined && seen.has(target.href)) {
      throw new ImageError("unsupported", `The list of ${what} goes round in circles`);
    }
    seen.add(target?.href ?? "");
  }
}
