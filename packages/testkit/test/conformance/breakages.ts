import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { blobBreakages } from "./blob-breakages.ts";
import { copyBreakages } from "./copy-breakages.ts";
import { deleteBreakages } from "./delete-breakages.ts";
import { destinationBreakages } from "./destination-breakages.ts";
import { referenceBreakages } from "./reference-breakages.ts";
import { sourceBreakages } from "./source-breakages.ts";

/** By requirement, then by what the transport does wrong: a transport that breaks this requirement and no other. */
export type Breakages = Readonly<
  Record<string, Readonly<Record<string, () => TransportUnderTest | Promise<TransportUnderTest>>>>
>;

export const breakages: Breakages = {
  ...referenceBreakages,
  ...destinationBreakages,
  ...blobBreakages,
  ...sourceBreakages,
  ...copyBreakages,
  ...deleteBreakages,
};
