import type { CopyEvent } from "@drayage/core";
import type { VerifyEvent } from "@drayage/core/verify";

/** A step of a copy or of a verification. */
export type ProgressEvent = CopyEvent | VerifyEvent;

/** One way to show one copy or verification while it runs. Dispose of it before anything else is printed. */
export interface ProgressView extends Disposable {
  show(this: void, event: ProgressEvent): void;
}
