import { textOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { jsonObjectOf } from "../http/json-answer.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import { pageSizeLimit, pagesOf } from "./listing.ts";
import type { Listing } from "./listing.ts";

/** A list of names, in a field of each of its pages. */
export interface NameListing extends Listing {
  readonly field: "tags" | "repositories";
  readonly isName: (text: string) => boolean;
}

/** In the registry's order. @throws ImageError `not-found`, `denied`, `unavailable`, `unsupported` for one without an end */
export async function* listNames(listing: NameListing): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  for await (const page of pagesOf(listing)) {
    const names = await namesOn(page.response, listing);
    const known = seen.size;
    for (const name of names) seen.add(name);
    page.newEntries = seen.size - known;
    yield* names;
  }
}

/** As many as one answer holds. @throws ImageError as `listNames` */
export async function listFirstNames(listing: NameListing): Promise<readonly string[]> {
  for await (const { response } of pagesOf(listing)) return namesOn(response, listing);
  return [];
}

/** Registries were seen to list null, digests, and nothing at all. */
async function namesOn(
  page: HTTPResponse,
  { what, field, isName }: NameListing,
): Promise<readonly string[]> {
  if (page.status !== 200) throw registryError(await readRefusal(page), `list ${what}`);
  const { [field]: names } = jsonObjectOf(await textOf(page, pageSizeLimit));
  const listed: readonly unknown[] = Array.isArray(names) ? names : [];
  return listed.filter((name) => typeof name === "string" && isName(name)) as readonly string[];
}
