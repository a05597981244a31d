import type { VerifyProblem } from "./verify-problem.ts";

/** What is proven of an image, or of all images of a place: plain data. */
export interface VerifyResult {
  /** As it was named. */
  readonly source: string;
  /** How many images were looked at, of which a place may hold several. */
  readonly images: number;
  /** All manifests that are as they should be; an index counts as one. */
  readonly manifests: VerifiedContent;
  /** Configs and layers that were read whole. */
  readonly read: VerifiedContent;
  /** Configs and layers of which the storage keeps the right digest, computed by itself. */
  readonly stored: VerifiedContent;
  /** Layers that are not there, and may be: the image says where else they are. Of them nothing is proven. */
  readonly external: VerifiedContent;
  /** None where all is as it should be. */
  readonly problems: readonly VerifyProblem[];
}

/** So much of something, each digest once. */
export interface VerifiedContent {
  readonly count: number;
  readonly bytes: number;
}

export function totalOf(all: readonly { readonly size: number }[]): VerifiedContent {
  return { count: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0) };
}
