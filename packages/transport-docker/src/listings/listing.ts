import { ListProgress } from "@drayage/transport-kit/wire";

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

/** A page, and how many of its entries were on none before: to be set before the next page is asked for. */
export interface ListPage {
  readonly response: HTTPResponse;
  newEntries: number;
}

/** Entries that may be listed in all. */
const maxEntries = 1_000_000;

/**
 * The answers of which a list consists; each has to be read before the next is asked for.
 * @throws ImageError `unsupported` for a list without an end
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
