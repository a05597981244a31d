import type { ImageDestination } from "../contract/image-destination.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { CopyPlan } from "./copy-plan.ts";

/** Reports before a copy that the destination may reject an index, because it lists instances that are not copied. */
export function noticeSparseIndex(
  { steps, destination }: CopyPlan,
  { accepts }: ImageDestination,
  { onNotice }: OperationOptions,
): void {
  if (accepts.sparseIndexes !== undefined) return;
  const count = steps.reduce(
    (sum, step) => sum + (step.kind === "manifest" ? step.missing.length : 0),
    0,
  );
  if (count === 0) return;
  onNotice?.({
    kind: "caution",
    text: `${count} instances of the index are not copied; ${destination} may reject the index unless it already has them`,
  });
}
