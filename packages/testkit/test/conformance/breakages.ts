import { blobBreakages } from "./blob-breakages.ts";
import type { Breakages } from "./breakage.ts";
import { copyBreakages } from "./copy-breakages.ts";
import { deleteBreakages } from "./delete-breakages.ts";
import { destinationBreakages } from "./destination-breakages.ts";
import { referenceBreakages } from "./reference-breakages.ts";
import { sourceBreakages } from "./source-breakages.ts";

export const breakages: Breakages = {
  ...referenceBreakages,
  ...destinationBreakages,
  ...blobBreakages,
  ...sourceBreakages,
  ...copyBreakages,
  ...deleteBreakages,
};
