import type { CopyEvent, Digest } from "@drayage/core";
import type { VerifyEvent } from "@drayage/core/verify";

/** A step of a copy or of a verification. */
export type ProgressEvent = (CopyEvent | VerifyEvent) & {
  /** The name of the destination, if there are several. */
  readonly destination?: string;
};

/** Identifies a blob of an event. Several copies may transfer the same blob. */
export function progressKey(digest: Digest, { destination = "" }: ProgressEvent): string {
  return `${digest} ${destination}`;
}

/** One way to show one copy or verification while it runs. Dispose of it before anything else is printed. */
export interface ProgressView extends Disposable {
  show(this: void, event: ProgressEvent): void;
}
