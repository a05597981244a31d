import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import { reporting } from "../contract/reported-options.ts";
import { ImageError } from "../names/image-error.ts";
import { rejectImpossibleVariants } from "./compression-variants.ts";
import type { CopyEvent } from "./copy-event.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";
import { executeCopy } from "./execute-copy.ts";
import { inspectCopy } from "./inspect-copy.ts";
import { planCopy } from "./plan-copy.ts";
import { rejectContradiction } from "./requested-compression.ts";
import { noticeSparseIndex } from "./sparse-index-notice.ts";

/**
 * Copies an image, or an index with its images, from any transport to any other. Verifies every byte. The image becomes
 * visible at the destination only when it is complete.
 * @throws ImageError; the reason of an abort
 */
export async function copyImage(
  from: ImageReference,
  to: ImageReference,
  options: CopyOptions = {},
): Promise<CopyResult> {
  rejectContradictions(options);
  const reportingOptions = reporting(options);
  await using destination = await openDestination(to, reportingOptions);
  await using source = await from.newImageSource(reportingOptions);
  const facts = await inspectCopy(source, destination, reportingOptions);
  const plan = planCopy(facts, reportingOptions);
  reportingOptions.onEvent?.({ kind: "planned", plan });
  noticeSparseIndex(plan, destination, reportingOptions);
  const result = await executeCopy(plan, source, destination, reportingOptions);
  reportingOptions.onEvent?.({ kind: "done", result });
  return result;
}

/** The plan of `copyImage`. Sends requests to both sides, but writes nothing. @throws ImageError */
export async function previewCopy(
  from: ImageReference,
  to: ImageReference,
  options: CopyOptions = {},
): Promise<CopyPlan> {
  rejectContradictions(options);
  await using destination = await openDestination(to, options);
  await using source = await from.newImageSource(options);
  const plan = planCopy(await inspectCopy(source, destination, options), options);
  noticeSparseIndex(plan, destination, options);
  return plan;
}

/** Runs `copyImage` and yields its events. Leaving the loop aborts the copy. If the copy fails, the loop throws. */
export async function* copyEvents(
  from: ImageReference,
  to: ImageReference,
  options: Omit<CopyOptions, "onEvent"> = {},
): AsyncGenerator<CopyEvent, CopyResult, undefined> {
  const loopEnd = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, loopEnd.signal])
    : loopEnd.signal;
  const queue: CopyEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const onEvent = (event: CopyEvent): void => {
    queue.push(event);
    wake.resolve();
  };
  let isRunning = true;
  const copy = copyImage(from, to, { ...options, signal, onEvent }).finally(() => {
    isRunning = false;
    wake.resolve();
  });
  copy.catch(() => {});
  try {
    while (isRunning || queue.length > 0) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
      yield* queue.splice(0);
    }
    return await copy;
  } finally {
    loopEnd.abort();
    await copy.catch(() => {});
  }
}

/** Rejects options that contradict each other, before a request is sent. */
function rejectContradictions(options: CopyOptions): void {
  rejectContradiction(options);
  rejectImpossibleVariants(options);
}

async function openDestination(
  to: ImageReference,
  options: CopyOptions,
): Promise<ImageDestination> {
  if (to.newImageDestination !== undefined) return to.newImageDestination(options);
  const { name } = to.transport;
  throw new ImageError("unsupported", `${name} is read-only; choose another destination`, {
    reference: imageName(to),
  });
}
