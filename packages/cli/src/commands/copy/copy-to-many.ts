import { setTimeout as delay } from "node:timers/promises";

import { copyImage, imageName, isImageError, previewCopy } from "@drayage/core";
import type { CopyOptions, DestinationResult, ImageReference } from "@drayage/core";
import { formatPlan } from "@drayage/core/copy";

import { asGeneralFailure, lineOf } from "../../process/failure.ts";
import { plainJSON } from "../../process/json-text.ts";
import { noticeLogger } from "../../process/notice-lines.ts";
import { logMessage, writeResult } from "../../process/standard-streams.ts";
import { openProgressView } from "../../progress/progress-view.ts";
import type { CopyFlags } from "./copy-flags.ts";
import { writeDigestFile } from "./digest-file.ts";
import { formatResult } from "./format-result.ts";

type RunningCopyOptions = CopyOptions & { readonly signal: AbortSignal };

/** Copies an image to several destinations and reports each. Fails at the end if one of them failed. */
export async function copyToMany(
  from: ImageReference,
  destinations: readonly ImageReference[],
  flags: CopyFlags,
  options: RunningCopyOptions,
): Promise<void> {
  const results = await resultsWithRetries(from, destinations, flags, options);
  for (const { destination, result, error } of results) {
    if (error !== undefined)
      logMessage(lineOf(`the copy to ${imageName(destination)} failed: ${error.message}`));
    else if (!flags.quiet) logMessage(formatResult(from, destination, result, options));
  }
  if (flags.digestfile !== undefined)
    await writeDigestFile(flags.digestfile, digestLines(results), options.signal);
  throwFailures(results);
}

/** Prints a plan for each destination. */
export async function previewMany(
  from: ImageReference,
  destinations: readonly ImageReference[],
  flags: CopyFlags,
  options: RunningCopyOptions,
): Promise<void> {
  const noticed = flags.quiet ? options : { ...options, onNotice: noticeLogger() };
  const plans = [];
  for (const to of destinations) plans.push(await previewCopy(from, to, noticed));
  await writeResult(
    flags.json ? `${plainJSON(plans, 4)}\n` : plans.map((plan) => formatPlan(plan)).join("\n"),
  );
}

/** Only the copies that failed with a temporary error are tried again. */
async function resultsWithRetries(
  from: ImageReference,
  destinations: readonly ImageReference[],
  { retryTimes = 0, retryDelay, quiet, progress }: CopyFlags,
  options: RunningCopyOptions,
): Promise<readonly DestinationResult[]> {
  const results = new Map<ImageReference, DestinationResult>();
  let remaining = destinations;
  for (let attempt = 1; ; attempt++) {
    using view = await openProgressView(quiet ? "none" : progress);
    const { onEvent: _, ...shared } = options;
    const outcomes = await copyImage(from, remaining, {
      ...shared,
      onEvent: (event, destination) => view.show({ ...event, destination: imageName(destination) }),
    });
    for (const outcome of outcomes) results.set(outcome.destination, outcome);
    const failed = outcomes.filter(({ error }) => error?.retryable === true);
    if (failed.length === 0 || attempt > retryTimes) break;
    remaining = failed.map(({ destination }) => destination);
    await delay(retryDelay ?? 1000 * 2 ** (attempt - 1), undefined, { signal: options.signal });
  }
  return destinations.map((destination) => results.get(destination)!);
}

/** Like the digest file of skopeo sync: a line for each copy. */
function digestLines(results: readonly DestinationResult[]): string {
  return results
    .filter(({ result }) => result !== undefined)
    .map(({ destination, result }) => `${result?.digest} ${imageName(destination)}\n`)
    .join("");
}

/** A source that does not exist is reported like that of a single copy. */
function throwFailures(results: readonly DestinationResult[]): void {
  const errors = results.map(({ error }) => error).filter((error) => error !== undefined);
  const [first] = errors;
  if (first === undefined) return;
  const isMissing = errors.length === results.length && errors.every(isOfMissingSource);
  if (isMissing) throw first;
  throw asGeneralFailure(new Error(`${errors.length} of ${results.length} copies failed`));

  function isOfMissingSource(error: unknown): boolean {
    return (
      isImageError(error, "not-found") &&
      !results.some(({ destination }) => imageName(destination) === error.reference)
    );
  }
}
