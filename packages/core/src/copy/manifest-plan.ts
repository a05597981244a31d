import type { Digest } from "../names/digest.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import type { AddedVariant, BlobStep } from "./copy-plan.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/** How a manifest is written. */
export interface ManifestPlan {
  /** The steps for its blobs, which come before the manifest. */
  readonly blobs: readonly BlobStep[];
  readonly mediaType: string;
  readonly fallbacks: readonly string[];
  readonly omitted: readonly Digest[];
  /** The variants to add to an index. Default: none. */
  readonly added?: readonly AddedVariant[];
  /** The entries of an index that stay in it although the copy does not write them. Default: none. */
  readonly missing?: readonly Digest[];
  /** The positions of the layers that are encrypted. Default: none. */
  readonly encryptedLayers?: readonly number[] | undefined;
  /** The manifest that is written; undefined if it depends on the result of a blob. */
  readonly result: RewrittenManifest | undefined;
  readonly reason: string;
}

/** What the plans of all manifests of a copy depend on. */
export interface PlanContext {
  readonly facts: CopyFacts;
  readonly options: PlanOptions;
}

/** The reason for a manifest that does not change. */
export const unchanged = "it is copied as it is";

/** A reason for a manifest that changes. */
export const recompressed = "a layer is recompressed";

/** Joins the reasons for a change. */
export function joinReasons(reasons: readonly (string | undefined)[]): string {
  return reasons.filter((reason) => reason !== undefined).join(" and ") || unchanged;
}
