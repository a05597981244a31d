import type { VerifyProblem } from "./verify-problem.ts";

/** The result of verifying an image, or all images of a store, as plain data. */
export interface VerifyResult {
  /** The reference that was verified. */
  readonly source: string;
  /** The number of images. */
  readonly images: number;
  /** The verified manifests, including indexes. */
  readonly manifests: VerifiedContent;
  /** The configs and layers that were verified by reading them. */
  readonly read: VerifiedContent;
  /** The configs and layers that were verified by the digest that the store computed. */
  readonly stored: VerifiedContent;
  /** The missing layers with external URLs. They are not verified. */
  readonly external: VerifiedContent;
  /** Empty if everything is correct. */
  readonly problems: readonly VerifyProblem[];
}

/** A number of manifests or blobs, each digest once. */
export interface VerifiedContent {
  readonly count: number;
  readonly bytes: number;
}

/** Adds up sizes. */
export function totalOf(all: readonly { readonly size: number }[]): VerifiedContent {
  return { count: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0) };
}
