import type { OperationOptions } from "../contract/operation-options.ts";
import type { InstanceSelection } from "../image/instance-selection.ts";
import type { VerifyEvent } from "./verify-event.ts";

/** The options of a verification. */
export interface VerifyOptions extends OperationOptions {
  /** Which images of an index to verify. An image outside an index is always verified. Default `all`. */
  readonly instances?: Exclude<InstanceSelection, "system" | "index-only"> | undefined;
  /** Also verify referrers, and their referrers. Default false. */
  readonly referrers?: boolean | undefined;
  /**
   * Read every blob, including those with a digest that the store computed when it received them: such a digest does not
   * show later damage. Default false.
   */
  readonly readAll?: boolean | undefined;
  /** The maximum number of parallel blobs, within the limit of the source. Default: 6 large or more small ones. */
  readonly parallelBlobs?: number | undefined;
  /** Receives the events of the verification. An error that it throws ends the verification. */
  readonly onEvent?: ((event: VerifyEvent) => void) | undefined;
}
