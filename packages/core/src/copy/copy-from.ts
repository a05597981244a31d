import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { reporting } from "../contract/reported-options.ts";
import { ImageError } from "../names/image-error.ts";
import { rejectImpossibleVariants } from "./compression-variants.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { CopyResult } from "./copy-result.ts";
import { executeCopy } from "./execute-copy.ts";
import { inspectCopy } from "./inspect-copy.ts";
import { planCopy } from "./plan-copy.ts";
import { rejectContradiction, reportReplacedCompressor } from "./requested-compression.ts";
import { noticeSparseIndex } from "./sparse-index-notice.ts";

/** Copies an image from an open source. The caller closes the source. */
export async function copyFrom(
  source: ImageSource,
  to: ImageReference,
  options: CopyOptions,
): Promise<CopyResult> {
  rejectContradictions(options);
  const reportingOptions = reporting(options);
  await using destination = await openDestination(to, reportingOptions);
  return await copyBetween(source, destination, reportingOptions);
}

/** Copies an image between an open source and an open destination, and reports the events. */
export async function copyBetween(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions,
): Promise<CopyResult> {
  const facts = await inspectCopy(source, destination, options);
  const plan = planCopy(facts, options);
  options.onEvent?.({ kind: "planned", plan });
  reportReplacedCompressor(options);
  noticeSparseIndex(plan, destination, options);
  const result = await executeCopy(plan, source, destination, options);
  options.onEvent?.({ kind: "done", result });
  return result;
}

/** @throws ImageError `unsupported` if the transport is read-only */
export async function openDestination(
  to: ImageReference,
  options: CopyOptions,
): Promise<ImageDestination> {
  if (to.newImageDestination !== undefined) return to.newImageDestination(options);
  const { name } = to.transport;
  throw new ImageError("unsupported", `${name} is read-only; choose another destination`, {
    reference: imageName(to),
  });
}

/** Rejects options that contradict each other, before a request is sent. */
export function rejectContradictions(options: CopyOptions): void {
  rejectContradiction(options);
  rejectImpossibleVariants(options);
}
