import { ImageError } from "@drayage/core";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { textOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readRefusal, refusalOf, registryError } from "../http/registry-error.ts";
import { pageSizeLimit, pagesOf } from "./listing.ts";
import type { Listing } from "./listing.ts";

/** A list of names, in a field of each of its pages. */
export interface NameListing extends Listing {
  readonly field: "tags" | "repositories";
  /** What to do with an entry: names are listed, other entries may be skipped, or make the page invalid. */
  readonly classify: (text: string) => "name" | "skip" | "invalid";
  /** Whether a page that names this repository is a page of this list; undefined for pages that name none. */
  readonly isAbout?: ((repository: string, url: URL) => boolean) | undefined;
}

/**
 * In the registry's order.
 * @throws ImageError `not-found`, `denied`; `unsupported` for a list without an end; `unavailable` also for a page that
 * is not a list: never an empty list instead
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

/** Characters of all names together, which are held in memory. */
const maxLength = 1 << 25;

function tooLong({ what }: NameListing): ImageError {
  const message = `The list of ${what} has more than ${maxLength} characters; it was not read on`;
  return new ImageError("unsupported", message);
}

/** The names of the first page. @throws ImageError as `listNames` */
export async function listFirstNames(listing: NameListing): Promise<readonly string[]> {
  for await (const { response } of pagesOf(listing)) return namesOn(response, listing);
  return [];
}

async function namesOn(page: HTTPResponse, listing: NameListing): Promise<readonly string[]> {
  const { what, field } = listing;
  if (page.status !== 200) throw registryError(await readRefusal(page), `list ${what}`);
  const text = await textOf(page, pageSizeLimit);
  const names = parseNames(text, page.url, listing);
  if (typeof names !== "string") return names;
  const advice = `that is no list of ${field}, ${names}`;
  throw registryError(refusalOf(page, text), `list ${what}`, "unavailable", advice);
}

/** What is wrong with the page is returned as text. Registries write null for an empty list, and as an entry. */
function parseNames(
  text: string,
  url: URL,
  { field, classify, isAbout }: NameListing,
): readonly string[] | string {
  const { [field]: entries, name } = jsonObjectOf(text);
  if (isAbout !== undefined && name !== undefined && name !== null) {
    if (typeof name !== "string" || !isAbout(name, url)) return "or one of another repository";
  }
  const isNamed = isAbout === undefined || typeof name === "string";
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
