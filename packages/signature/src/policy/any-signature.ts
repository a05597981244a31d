import { ImageError, isImageError } from "@drayage/core";
import type { Signature } from "@drayage/core";

/**
 * Returns the result for the first signature that `check` accepts. If it accepts none, the error contains all reasons.
 * `others` describes ignored signatures in messages, such as `2 simple signatures`.
 * @throws ImageError `untrusted`
 */
export async function anyAccepted<Kind extends Signature>(
  signatures: readonly Kind[],
  check: (signature: Kind) => Promise<string>,
  others: readonly string[] = [],
): Promise<string> {
  const reasons: string[] = [];
  for (const signature of signatures) {
    try {
      return await check(signature);
    } catch (error) {
      if (!isImageError(error, "untrusted")) throw error;
      reasons.push(error.message);
    }
  }
  const ignored = others.length === 0 ? "" : ` (only ${others.join(", ")})`;
  throw new ImageError("untrusted", summaryOf(reasons) + ignored);
}

function summaryOf(reasons: readonly string[]): string {
  const [reason] = reasons;
  if (reason === undefined) return "a signature is required, but none exists";
  if (reasons.length === 1) return reason;
  return `none of ${reasons.length} signatures is accepted: ${reasons.join("; ")}`;
}
