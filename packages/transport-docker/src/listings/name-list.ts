import { ImageError } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { textOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, errorResponseOf, registryError } from "../http/registry-error.ts";
import { pageSizeLimit, pagesOf } from "./listing.ts";
import type { Listing } from "./listing.ts";

/** A paginated list of names, in a field of each page. */
export interface NameListing extends Listing {
  readonly field: "tags" | "repositories";
  /** Classifies an entry: a name is listed, `skip` ignores the entry, and `invalid` rejects the page. */
  readonly classify: (text: string) => "name" | "skip" | "invalid";
  /** Whether a page for this repository belongs to the list; undefined for pages without a repository. */
  readonly isForRepository?: ((repository: string, url: URL) => boolean) | undefined;
}

/**
 * Yields names in the order of the registry. A page that is not a list is an error and not an empty list.
 * @throws ImageError `not-found`, `denied`; `unsupported` for an endless list; `unavailable`, also for a page that is
 * not a list
 */
export async function* listNames(listing: NameListing): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  let length = 0;
  for await (const page of pagesOf(listing)) {
    const names = await namesOn(page.response, listing);
    const known = seen.size;
    for (const name of names) {
      seen.add(name);
      length += name.length;
    }
    if (length > maxLength) throw tooLong(listing);
    page.newEntries = seen.size - known;
    yield* names;
  }
}

/** The maximum total length of all names, which are held in memory. */
const maxLength = 1 << 25;

function tooLong({ what }: NameListing): ImageError {
  const message = `The list of ${what} has more than ${maxLength} characters, which is the limit`;
  return new ImageError("unsupported", message);
}

/** The names of the first page. @throws ImageError as `listNames` */
export async function listFirstNames(listing: NameListing): Promise<readonly string[]> {
  for await (const { response } of pagesOf(listing)) return namesOn(response, listing);
  return [];
}

async function namesOn(page: HTTPResponse, listing: NameListing): Promise<readonly string[]> {
  const { what, field } = listing;
  if (page.status !== 200) throw registryError(await readErrorResponse(page), `list ${what}`);
  const text = await textOf(page, pageSizeLimit);
  const names = parseNames(text, page.url, listing);
  if (typeof names !== "string") return names;
  const advice = `the response is not a list of ${field}, ${names}`;
  throw registryError(errorResponseOf(page, text), `list ${what}`, "unavailable", advice);
}

/**
 * Parses the names on a page. Returns a problem as a string. Registries write null for an empty list and as an entry.
 */
function parseNames(
  text: string,
  url: URL,
  { field, classify, isForRepository }: NameListing,
): readonly string[] | string {
  const { [field]: entries, name } = jsonObjectOf(text);
  if (isForRepository !== undefined && name !== undefined && name !== null) {
    if (typeof name !== "string" || !isForRepository(name, url))
      return "or a list of another repository";
  }
  const isNamed = isForRepository === undefined || typeof name === "string";
  if (entries === null && isNamed) return [];
  if (!Array.isArray(entries)) return `because it has no array ${JSON.stringify(field)}`;
  const names: string[] = [];
  for (const entry of entries as readonly unknown[]) {
    if (entry === null) continue;
    const kind = typeof entry === "string" ? classify(entry) : "invalid";
    if (kind === "invalid") return "because an entry is not a name";
    if (kind === "name") names.push(entry as string);
  }
  return names;
}
