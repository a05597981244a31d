import type { Descriptor } from "../contract/blob-info.ts";
import type { Notice } from "../contract/notice.ts";
import type { Retry } from "../contract/retries.ts";
import type { Digest } from "../names/digest.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";

/** The events of a copy, in order. */
export type CopyEvent =
  | { readonly kind: "planned"; readonly plan: CopyPlan }
  | { readonly kind: "blob-started"; readonly blob: Descriptor; readonly isConfig: boolean }
  /** More bytes of the blob were read. */
  | { readonly kind: "blob-progress"; readonly digest: Digest; readonly bytes: number }
  | {
      readonly kind: "blob-done";
      readonly digest: Digest;
      /** `reused`: the destination had the blob, or copied it itself. */
      readonly outcome: "copied" | "reused";
      /** The descriptor at the destination. */
      readonly stored: Descriptor;
    }
  /** An operation failed and is retried. */
  | ({ readonly kind: "retry" } & Retry)
  /** A blob is copied again from its start. */
  | { readonly kind: "blob-restarted"; readonly digest: Digest }
  /** A message that does not affect the result. */
  | { readonly kind: "notice"; readonly notice: Notice }
  | {
      readonly kind: "manifest-written";
      readonly source: Digest;
      readonly digest: Digest;
      readonly mediaType: string;
    }
  | { readonly kind: "signatures-written"; readonly digest: Digest; readonly count: number }
  | { readonly kind: "done"; readonly result: CopyResult };
