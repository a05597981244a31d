import type { Descriptor } from "../blob-info.ts";
import type { Digest } from "../digest.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";

/** What happens in a copy, in the order in which it happens. */
export type CopyEvent =
  | { readonly kind: "planned"; readonly plan: CopyPlan }
  | { readonly kind: "blob-started"; readonly blob: Descriptor; readonly isConfig: boolean }
  /** `bytes` more were read of it. */
  | { readonly kind: "blob-progress"; readonly digest: Digest; readonly bytes: number }
  | {
      readonly kind: "blob-done";
      readonly digest: Digest;
      /** `reused`: the destination had it or got it without our moving it. */
      readonly outcome: "copied" | "reused";
      /** As the destination has it now. */
      readonly stored: Descriptor;
    }
  /** A blob is begun again, from its start, after a failure that may pass. */
  | {
      readonly kind: "retry";
      readonly digest: Digest;
      readonly attempt: number;
      readonly error: Error;
    }
  | {
      readonly kind: "manifest-written";
      readonly source: Digest;
      readonly digest: Digest;
      readonly mediaType: string;
    }
  | { readonly kind: "signatures-written"; readonly digest: Digest; readonly count: number }
  | { readonly kind: "done"; readonly result: CopyResult };
