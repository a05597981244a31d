import type { ImageIndex } from "../manifest/manifest.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import { impossibleChange } from "./impossible-copies.ts";

/** What happens to the entries of an index that are not copied; undefined if all are. */
export type PartialIndex = "strip" | "keep" | undefined;

/**
 * Decides whether the entries that are not copied are removed from an index.
 * @throws ImageError `impossible-copy` if it must not change, would be empty, or is refused with missing instances
 */
export function partialIndex(
  { instances, blobs = [] }: ManifestFacts,
  { manifests }: ImageIndex,
  preserveReason: string | undefined,
  { destination, accepts }: CopyFacts,
  options: PlanOptions,
): PartialIndex {
  const selected = instances.filter((instance) => instance !== undefined).length + blobs.length;
  if (selected === manifests.length) return undefined;
  if (missingInstances(options) === "keep") {
    if (typeof accepts.sparseIndexes === "string")
      throw impossible(
        `The index would list ${manifests.length - selected} instances that are not copied to ${destination}: ${accepts.sparseIndexes}; copy all instances, or remove the others from the index`,
      );
    return "keep";
  }
  if (selected === 0)
    throw impossible(
      "No instance of the index is selected, so the index would be empty; select a platform, or keep the index as it is (index-only)",
    );
  if (preserveReason === undefined) return "strip";
  const advice =
    "; copy all of them, or keep the index as it is with instances missing (--keep-removed-platforms)";
  throw impossibleChange("not all instances of the index are copied", preserveReason, advice);
}

function missingInstances({
  instances,
  missingInstances: requested,
}: PlanOptions): "strip" | "keep" {
  return requested ?? (instances === "index-only" ? "keep" : "strip");
}

function impossible(message: string): ImageError {
  return new ImageError("impossible-copy", message);
}
