import type { OperationOptions } from "../contract/operation-options.ts";
import type { InstanceSelection } from "../image/instance-selection.ts";
import type { VerifyEvent } from "./verify-event.ts";

export interface VerifyOptions extends OperationOptions {
  /** Which images of an index are proven; an image that is alone always is. Default `all`. */
  readonly instances?: Exclude<InstanceSelection, "system"> | undefined;
  /** Also what refers to an image, and what refers to that in turn. Default false. */
  readonly referrers?: boolean | undefined;
  /**
   * Read every blob, also those of which the storage keeps a digest: it computed that when they came, and does not look
   * at them again for it. Default false.
   */
  readonly readAll?: boolean | undefined;
  /** The most blobs at once; a source has its own bound. Default: 6 that are large, or more that are small. */
  readonly parallelBlobs?: number | undefined;
  /** Told what happens while it happens. What it throws ends the verification. */
  readonly onEvent?: ((event: VerifyEvent) => void) | undefined;
}
