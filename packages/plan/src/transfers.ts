import type { CopyPlan } from "@drayage/core";
import { formatBytes } from "@drayage/core/copy";
import type { BlobStep } from "@drayage/core/copy";

/** Whether the bytes of a blob pass through this machine. */
export interface BlobTransfer {
  /** `unless-present`: only the copy shows whether the destination has the blob. */
  readonly isSent: "yes" | "no" | "unless-present";
  readonly reason: string;
  /** The number of blobs. */
  readonly blobs: number;
  /** Their bytes at the source. */
  readonly bytes: number;
}

/** Which blobs of a plan need no transfer, and why the others do, grouped by reason. */
export function transfersOf({ steps, reused, conditions }: CopyPlan): readonly BlobTransfer[] {
  const groups = new Map<string, BlobTransfer>();
  const add = ({ isSent, reason }: Verdict, size: number): void => {
    const key = `${isSent} ${reason}`;
    const { blobs, bytes } = groups.get(key) ?? { blobs: 0, bytes: 0 };
    groups.set(key, { isSent, reason, blobs: blobs + 1, bytes: bytes + size });
  };
  for (const { size } of reused)
    add({ isSent: "no", reason: "the destination has their manifest" }, size);
  for (const step of steps)
    if (step.kind === "blob") add(verdictOn(step, conditions.isSameStore), step.blob.size);
  return [...groups.values()];
}

/** Formats transfers for people: one line for each reason. */
export function formatTransfers(transfers: readonly BlobTransfer[]): string {
  const words = { yes: "sent", no: "not sent", "unless-present": "sent unless present" };
  return transfers
    .map(({ isSent, reason, blobs, bytes }) => {
      const noun = blobs === 1 ? "blob" : "blobs";
      return `  ${words[isSent]}: ${blobs} ${noun}, ${formatBytes(bytes)}: ${reason}\n`;
    })
    .join("");
}

type Verdict = Pick<BlobTransfer, "isSent" | "reason">;

function verdictOn(step: BlobStep, isSameStore: boolean): Verdict {
  const { digest, needsDiffID, candidates } = step;
  if (needsDiffID)
    return { isSent: "yes", reason: "the digest of the uncompressed layer is needed" };
  if (digest === undefined && candidates.length === 0)
    return { isSent: "yes", reason: `the bytes change, because ${step.reason}` };
  if (digest === undefined)
    return { isSent: "unless-present", reason: "an earlier copy made the form that is needed" };
  if (isSameStore)
    return { isSent: "no", reason: "both sides are in one store, which copies them itself" };
  if (candidates.some(({ location }) => location !== undefined))
    return {
      isSent: "unless-present",
      reason: "an earlier copy found them at a location that the destination can copy from",
    };
  return { isSent: "unless-present", reason: "the destination is asked for each of them" };
}
