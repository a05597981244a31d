import type { OperationOptions } from "./operation-options.ts";

/** Options of `ImageTransport.collectGarbage`. */
export interface CollectOptions extends OperationOptions {
  /** Milliseconds. Younger content stays, because a running copy may need it. Default: a day. */
  readonly grace?: number | undefined;
  /** True to return what would be deleted, and delete nothing. */
  readonly dryRun?: boolean | undefined;
}

/** Stored content that no image needs. */
export interface Garbage {
  /** A stored object, or an upload that was not completed. */
  readonly kind: "object" | "upload";
  /** The name of the object in its store. */
  readonly key: string;
  /** Bytes; undefined for an upload. */
  readonly size: number | undefined;
  /** When it was written, or when the upload began. */
  readonly modified: Date;
}
