import { copyImage, imageName, isImageError, previewCopy } from "@drayage/core";
import type { CopyOptions, CopyResult, ImageReference } from "@drayage/core";
import { formatPlan } from "@drayage/core/copy";

import { sideOf } from "../../flags/side-flags.ts";
import { UsageError } from "../../flags/usage-error.ts";
import { parseImageName, parseImageNames } from "../../images/image-name.ts";
import { asGeneralFailure } from "../../process/failure.ts";
import { plainJSON } from "../../process/json-text.ts";
import { noticeLogger } from "../../process/notice-lines.ts";
import { withRetries } from "../../process/retry.ts";
import { logMessage, writeResult } from "../../process/standard-streams.ts";
import { freeChunksEarly } from "../../process/v8-flags.ts";
import { withErrorEvent } from "../../progress/error-event.ts";
import { openProgressView } from "../../progress/progress-view.ts";
import { checkArchiveOutput } from "./archive-output.ts";
import type { CopyFlags } from "./copy-flags.ts";
import { refuseSharedArchives } from "./destination-archives.ts";
import { refuseSharedCredentials } from "./destination-credentials.ts";
import { requireWritable, writeDigestFile } from "./digest-file.ts";
import { formatResult } from "./format-result.ts";
import { runningOptions, withPolicy } from "./running-options.ts";
import type { RunningCopyOptions } from "./running-options.ts";

/** `drayage copy` */
export async function copy(
  source: string,
  destinations: readonly string[],
  flags: CopyFlags,
  signal: AbortSignal,
): Promise<void> {
  refuseContradictions(flags);
  freeChunksEarly();
  await withErrorEvent(flags.progress, signal, async () =>
    copyBetween(source, destinations, flags, signal),
  );
}

async function copyBetween(
  source: string,
  destinations: readonly string[],
  flags: CopyFlags,
  signal: AbortSignal,
): Promise<void> {
  const options = await runningOptions(flags, signal);
  const parallel = flags.imageParallelCopies;
  const { platform } = options;
  const from = await parseImageName(source, {
    ...sideOf({ ...flags }, "src-", parallel),
    platform,
  });
  const side = sideOf({ ...flags }, "dest-", parallel);
  const all = await parseImageNames(destinations, side);
  refuseSharedCredentials(all, side);
  await refuseSharedArchives(all, side.flags);
  for (const each of all) await checkArchiveOutput(each, flags);
  if (flags.digestfile !== undefined) await requireWritable(flags.digestfile);
  const checked = await withPolicy(flags, options);
  const [to, ...others] = all;
  if (to === undefined || others.length > 0) {
    const { copyToMany, previewMany } = await import("./copy-to-many.ts");
    await (flags.dryRun ? previewMany : copyToMany)(from, all, flags, checked);
  } else if (flags.dryRun) await preview(from, to, flags, checked);
  else await copyAndReport(from, to, flags, checked);
}

async function preview(
  from: ImageReference,
  to: ImageReference,
  flags: CopyFlags,
  options: RunningCopyOptions,
): Promise<void> {
  const noticed = flags.quiet ? options : { ...options, onNotice: noticeLogger() };
  const plan = await withRetries(flags, options.signal, async () => previewCopy(from, to, noticed));
  await writeResult(flags.json ? `${plainJSON(plan, 4)}\n` : formatPlan(plan));
}

/** Copies with `run`, shows the progress, and reports the result. */
export async function copyAndReport(
  from: ImageReference,
  to: ImageReference,
  flags: CopyFlags,
  options: RunningCopyOptions,
  run: SingleCopy = copyImage,
): Promise<void> {
  const result = await withRetries(flags, options.signal, async () => {
    using view = await openProgressView(flags.quiet ? "none" : flags.progress);
    return await copyFound(from, to, { ...options, onEvent: view.show }, run);
  });
  if (!flags.quiet) logMessage(formatResult(from, to, result, options));
  if (flags.digestfile !== undefined)
    await writeDigestFile(flags.digestfile, result.digest, options.signal);
}

/** `copyImage` to one destination, or a function like it. */
export type SingleCopy = (
  from: ImageReference,
  to: ImageReference,
  options: CopyOptions,
) => Promise<CopyResult>;

/**
 * After planning, a `not-found` error does not mean that the source image is missing, so it must not set exit code 2.
 */
async function copyFound(
  from: ImageReference,
  to: ImageReference,
  options: RunningCopyOptions,
  run: SingleCopy,
): Promise<CopyResult> {
  let isFound = from.transport.name === "tarball";
  try {
    return await run(from, to, {
      ...options,
      onEvent(event) {
        isFound ||= event.kind === "planned";
        options.onEvent?.(event);
      },
    });
  } catch (error) {
    const isOfDestination = isImageError(error) && error.reference === imageName(to);
    throw isFound || isOfDestination ? asGeneralFailure(error) : error;
  }
}

/** @throws UsageError */
export function refuseContradictions({
  dryRun,
  json,
  digestfile,
  quiet,
  progress,
}: CopyFlags): void {
  const shows = progress !== "auto" && progress !== "none";
  const contradictions: readonly (readonly [unknown, string])[] = [
    [json && !dryRun, "--json requires --dry-run; use --progress=json for the events of a copy"],
    [
      dryRun && digestfile,
      "--digestfile cannot be used with --dry-run, which may not know the digest; remove one of them",
    ],
    [
      dryRun && shows,
      `--progress=${progress} cannot be used with --dry-run, which copies nothing; remove one of them`,
    ],
    [quiet && shows, `--quiet and --progress=${progress} contradict each other; use one of them`],
  ];
  const found = contradictions.find(([isSo]) => isSo);
  if (found !== undefined) throw new UsageError(found[1]);
}
