import type { Descriptor } from "../contract/blob-info.ts";
import type { Notice } from "../contract/notice.ts";
import type { Retry } from "../contract/retries.ts";
import type { Digest } from "../names/digest.ts";
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
  /** Something failed and is tried again. */
  | ({ readonly kind: "retry" } & Retry)
  /** A blob is begun again, from its start. */
  | { readonly kind: "blob-restarted"; readonly digest: Digest }
  /** The other side said something that changes nothing. */
  | { readonly kind: "notice"; readonly notice: Notice }
  | {
      readonly kind: "manifest-written";
      readonly source: Digest;
      readonly digest: Digest;
      readonly mediaType: string;
    }
  | { readonly kind: "signatures-written"; readonly digest: Digest; readonly count: number }
  | { readonly kind: "done"; readonly result: CopyResult };
