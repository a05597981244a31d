import { ErrorResponse } from "./http/error-response.ts";
import { locationOf } from "./registry-state.ts";
import type { Call, RegistryState } from "./registry-state.ts";

/** A page of a list, and the header that links to the next one. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page that `n` and `last` request, sorted by key and limited by the page size (OCI distribution-spec, "Listing
 * Tags"; RFC 8288). @throws ErrorResponse if `n` is not a whole number
 */
export function pageOf<Entry>(
  list: readonly Entry[],
  keyOf: (entry: Entry) => string,
  { path, query }: Call,
  state: RegistryState,
): Page<Entry> {
  const wanted = query.get("n");
  if (wanted !== null && !/^[0-9]+$/.test(wanted)) {
    throw new ErrorResponse("UNSUPPORTED", "n must be a whole number", { detail: { n: wanted } });
  }
  const size = Math.min(Number(wanted ?? Infinity), state.settings.pageSize ?? Infinity);
  const last = query.get("last") ?? "";
  const rest = list
    .filter((entry) => keyOf(entry) > last)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const entries = rest.slice(0, size);
  const end = entries.at(-1);
  if (end === undefined || entries.length === rest.length) return { entries, headers: {} };
  const next = new URLSearchParams(query);
  next.set("last", keyOf(end));
  return {
    entries,
    headers: { Link: `<${locationOf(`${path}?${next.toString()}`, state)}>; rel="next"` },
  };
}
