import type { Digest } from "../names/digest.ts";
import type { CopyEvent } from "./copy-event.ts";
import type { CopyPlan } from "./copy-plan.ts";

/** The blobs that a copy may still read from its source. */
export class BlobNeeds {
  /** The number of steps that have not ended, by blob; undefined before the copy is planned, when it may read any blob. */
  #steps: Map<Digest, number> | undefined;

  mayRead(digest: Digest): boolean {
    return this.#steps === undefined || (this.#steps.get(digest) ?? 0) > 0;
  }

  observe(event: CopyEvent): void {
    if (event.kind === "planned") this.#steps = stepsOf(event.plan);
    if (event.kind === "blob-done")
      this.#steps?.set(event.digest, (this.#steps.get(event.digest) ?? 0) - 1);
  }
}

function stepsOf({ steps }: CopyPlan): Map<Digest, number> {
  const counts = new Map<Digest, number>();
  for (const step of steps) {
    if (step.kind === "blob") counts.set(step.blob.digest, (counts.get(step.blob.digest) ?? 0) + 1);
  }
  return counts;
}
