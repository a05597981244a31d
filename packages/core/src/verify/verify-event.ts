import type { Descriptor } from "../contract/blob-info.ts";
import type { Notice } from "../contract/notice.ts";
import type { Retry } from "../contract/retries.ts";
import type { Digest } from "../names/digest.ts";
import type { VerifyProblem } from "./verify-problem.ts";
import type { VerifyResult } from "./verify-result.ts";

/** The events of a verification, in order. */
export type VerifyEvent =
  /** All manifests were read. The numbers are those of the blobs to verify. */
  | {
      readonly kind: "inspected";
      /** The reference that is verified. */
      readonly source: string;
      readonly blobs: number;
      readonly bytes: number;
    }
  /** A blob is about to be read. */
  | { readonly kind: "blob-started"; readonly blob: Descriptor; readonly isConfig: boolean }
  /** More bytes of the blob were read. */
  | { readonly kind: "blob-progress"; readonly digest: Digest; readonly bytes: number }
  /** A blob is read again from its start. */
  | { readonly kind: "blob-restarted"; readonly digest: Digest }
  | { readonly kind: "blob-checked"; readonly blob: Descriptor; readonly outcome: BlobOutcome }
  | { readonly kind: "problem"; readonly problem: VerifyProblem }
  /** An operation failed and is retried. */
  | ({ readonly kind: "retry" } & Retry)
  /** A message that does not affect the result. */
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "verified"; readonly result: VerifyResult };

/**
 * How a blob was verified: `read` completely, by the digest that the store computed (`stored`), not verified because it is
 * `external`, or with a `problem`.
 */
export type BlobOutcome = "read" | "stored" | "external" | "problem";
