import type { Breakages } from "./breakage.ts";
import { copyBreakages } from "./copy-breakages.ts";
import { deleteBreakages } from "./delete-breakages.ts";
import { destinationBreakages } from "./destination-breakages.ts";
import { listingBreakages } from "./listing-breakages.ts";
import { putBlobBreakages } from "./put-blob-breakages.ts";
import { referenceBreakages } from "./reference-breakages.ts";
import { sourceBreakages } from "./source-breakages.ts";

export const breakages: Breakages = {
  ...referenceBreakages,
  ...destinationBreakages,
  ...putBlobBreakages,
  ...sourceBreakages,
  ...copyBreakages,
  ...deleteBreakages,
  ...listingBreakages,
};
