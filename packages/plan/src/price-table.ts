import * as v from "valibot";

import { exactly } from "./document-values.ts";
import { readDocument } from "./read-document.ts";

/** The prices of both sides of a copy. A missing price is 0. */
export interface PriceTable {
  /** Such as `USD`. */
  readonly currency: string;
  readonly source?: StorePrices | undefined;
  readonly destination?: StorePrices | undefined;
}

/** The prices of a store. A GB is 10^9 bytes. */
export interface StorePrices {
  /** For 1,000 requests that read: GET, HEAD. */
  readonly readsPer1000?: number | undefined;
  /** For 1,000 requests that write: PUT, POST, COPY, LIST. */
  readonly writesPer1000?: number | undefined;
  /** For each GB that leaves the store. */
  readonly egressPerGB?: number | undefined;
  /** For each GB that enters the store. */
  readonly ingressPerGB?: number | undefined;
  /** For each GB that is stored for a month. */
  readonly storagePerGBMonth?: number | undefined;
}

const price = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)));

const storeSchema = exactly<StorePrices>()({
  readsPer1000: price,
  writesPer1000: price,
  egressPerGB: price,
  ingressPerGB: price,
  storagePerGBMonth: price,
});

const schema = exactly<PriceTable>()({
  currency: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, "Expected three letters, such as USD")),
  source: v.optional(storeSchema),
  destination: v.optional(storeSchema),
});

/** Parses a price table in JSON. @throws ImageError `invalid-manifest` with the location of a mistake */
export function parsePrices(json: Uint8Array | string): PriceTable {
  const bytes = typeof json === "string" ? Buffer.from(json) : json;
  return readDocument("price table", bytes, schema);
}
