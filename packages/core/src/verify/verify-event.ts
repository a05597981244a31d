import type { Descriptor } from "../contract/blob-info.ts";
import type { Notice } from "../contract/notice.ts";
import type { Retry } from "../contract/retries.ts";
import type { Digest } from "../names/digest.ts";
import type { VerifyProblem } from "./verify-problem.ts";
import type { VerifyResult } from "./verify-result.ts";

/** What happens in a verification, in the order in which it happens. */
export type VerifyEvent =
  /** All manifests were read; so much is left to prove. */
  | {
      readonly kind: "inspected";
      /** As it was named. */
      readonly source: string;
      readonly blobs: number;
      readonly bytes: number;
    }
  /** A blob is about to be read. */
  | { readonly kind: "blob-started"; readonly blob: Descriptor; readonly isConfig: boolean }
  /** `bytes` more were read of it. */
  | { readonly kind: "blob-progress"; readonly digest: Digest; readonly bytes: number }
  /** A blob is begun again, from its start. */
  | { readonly kind: "blob-restarted"; readonly digest: Digest }
  | { readonly kind: "blob-checked"; readonly blob: Descriptor; readonly outcome: BlobOutcome }
  | { readonly kind: "problem"; readonly problem: VerifyProblem }
  /** Something failed and is tried again. */
  | ({ readonly kind: "retry" } & Retry)
  /** The other side said something that changes nothing. */
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "verified"; readonly result: VerifyResult };

/** How a blob was proven: read whole, by the digest that the storage keeps, not at all since it lies elsewhere, or not. */
export type BlobOutcome = "read" | "stored" | "external" | "problem";
