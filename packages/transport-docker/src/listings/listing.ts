import { ListProgress } from "@drayage/transport-kit/wire";

import type { HTTPResponse } from "../http/http-exchange.ts";
import { nextPageOf } from "./next-page.ts";

/** The maximum size of a page in bytes; some registries list a hundred thousand tags on one page. */
export const pageSizeLimit: number = 1 << 24;

/** A paginated list of a registry. */
export interface Listing {
  /** The name for messages: `the tags of docker.io/library/alpine` */
  readonly what: string;
  readonly start: string;
  readonly ask: (target: string | URL) => Promise<HTTPResponse>;
}

/** A page, and the number of its entries that are on no earlier page; set it before requesting the next page. */
export interface ListPage {
  readonly response: HTTPResponse;
  newEntries: number;
}

/** The maximum number of entries in a list. */
const maxEntries = 1_000_000;

/**
 * Yields the pages of a list; each must be read before the next one is requested.
 * @throws ImageError `unsupported` for an endless list
 */
export async function* pagesOf({
  what,
  start,
  ask,
}: Listing): AsyncGenerator<ListPage, void, undefined> {
  const progress = new ListProgress(what, maxEntries);
  let target: string | URL | undefined = start;
  while (target !== undefined) {
    const page: ListPage = { response: await ask(target), newEntries: 0 };
    yield page;
    target = nextPageOf(page.response);
    progress.add(page.newEntries, target?.href);
  }
}
