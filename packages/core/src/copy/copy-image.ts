import type { ImageReference } from "../contract/image-reference.ts";
import { reporting } from "../contract/reported-options.ts";
import type { CopyEvent } from "./copy-event.ts";
import { copyBetween, openDestination, rejectContradictions } from "./copy-from.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";
import { copyToMany } from "./copy-to-many.ts";
import type { CopyTarget, CopyToManyOptions, DestinationResult } from "./copy-to-many.ts";
import { inspectCopy } from "./inspect-copy.ts";
import { planCopy } from "./plan-copy.ts";
import { noticeSparseIndex } from "./sparse-index-notice.ts";

/**
 * Copies an image to several destinations at the same time, reading each blob once. A copy that fails does not stop the
 * others. A destination can have options of its own.
 * @throws ImageError `impossible-copy` for two destinations of the same name; if the source cannot be opened; the reason
 * of an abort
 */
export async function copyImage(
  from: ImageReference,
  to: readonly (ImageReference | CopyTarget)[],
  options?: CopyToManyOptions,
): Promise<readonly DestinationResult[]>;
/**
 * Copies an image, or an index with its images, from any transport to any other. Verifies every byte. The image becomes
 * visible at the destination only when it is complete.
 * @throws ImageError; the reason of an abort
 */
export async function copyImage(
  from: ImageReference,
  to: ImageReference,
  options?: CopyOptions,
): Promise<CopyResult>;
export async function copyImage(
  from: ImageReference,
  to: ImageReference | readonly (ImageReference | CopyTarget)[],
  options: Omit<CopyOptions & CopyToManyOptions, "onEvent"> & {
    readonly onEvent?: ((event: CopyEvent, destination: ImageReference) => void) | undefined;
  } = {},
): Promise<CopyResult | readonly DestinationResult[]> {
  if (isList(to)) return copyToMany(from, to, options);
  const { onEvent, ...others } = options;
  const single = { ...others, onEvent: onEvent && ((event: CopyEvent) => onEvent(event, to)) };
  rejectContradictions(single);
  const reportingOptions = reporting<CopyOptions>(single);
  await using destination = await openDestination(to, reportingOptions);
  await using source = await from.newImageSource(reportingOptions);
  return await copyBetween(source, destination, reportingOptions);
}

function isList(
  to: ImageReference | readonly (ImageReference | CopyTarget)[],
): to is readonly (ImageReference | CopyTarget)[] {
  return Array.isArray(to);
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
