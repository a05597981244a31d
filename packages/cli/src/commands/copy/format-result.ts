import { formatPlatform, hostPlatform, imageName } from "@drayage/core";
import type { CopyOptions, CopyResult, ImageReference } from "@drayage/core";
import { formatBytes } from "@drayage/core/copy";
import { singleLine } from "@drayage/core/text";

/** The summary of a copy for people: one line, and one more for each changed digest. */
export function formatResult(
  from: ImageReference,
  to: ImageReference,
  result: CopyResult,
  options: CopyOptions,
): string {
  const changes = result.changes.map(
    (change) => `digest changed from ${change.from} to ${change.to}: ${change.reason}`,
  );
  const lines = [
    headline(from, to, result, options),
    ...chosen(result, options),
    ...changes,
    ...ledgerLine(result),
  ];
  return lines.map(singleLine).join("\n  ");
}

function ledgerLine({ conversionLedger, alreadyThere }: CopyResult): readonly string[] {
  if (conversionLedger === undefined || alreadyThere) return [];
  const { digest } = conversionLedger;
  return [digest === undefined ? "no digest changed, so there is no ledger" : `ledger: ${digest}`];
}

function headline(
  from: ImageReference,
  to: ImageReference,
  result: CopyResult,
  options: CopyOptions,
): string {
  const [source, destination] = [imageName(from), imageName(to)];
  const { digest, alreadyThere, blobs } = result;
  if (alreadyThere) return `Nothing to copy: ${destination} is already ${source} (${digest})`;
  const along = alongside(result, options);
  const counts = [...countsOf(blobs), `${blobs.reused - blobs.cloned} reused`].join(", ");
  return `Copied ${source} to ${destination} (${digest}), ${counts}${along}`;
}

/** Cloned blobs are counted separately: the store copied them itself, without a transfer. */
function countsOf({
  copied,
  copiedBytes,
  cloned,
  clonedBytes,
}: CopyResult["blobs"]): readonly string[] {
  const counted = (count: number, bytes: number, verb: string): string =>
    `${count} ${count === 1 ? "blob" : "blobs"} ${verb} (${formatBytes(bytes)})`;
  if (cloned === 0) return [counted(copied, copiedBytes, "copied")];
  const clones = counted(cloned, clonedBytes, "cloned");
  return copied === 0 ? [clones] : [counted(copied, copiedBytes, "copied"), clones];
}

/** The count is shown even when it is zero if referrers were requested. */
function alongside({ referrers }: CopyResult, options: CopyOptions): string {
  if (!options.referrers) return "";
  const noun = referrers === 1 ? "referrer" : "referrers";
  return `, ${referrers === 0 ? "no" : referrers} ${noun}`;
}

/** If one image of an index was copied, its digest differs from the digest of the source reference. */
function chosen(result: CopyResult, options: CopyOptions): readonly string[] {
  const { digest, changes, sourceDigest } = result;
  const before = changes.find(({ to }) => to === digest)?.from ?? digest;
  if (before === sourceDigest) return [];
  const platform = formatPlatform(options.platform ?? hostPlatform());
  return [
    `copied one image, for ${platform}, of the index ${sourceDigest}; use --all to copy the whole index`,
  ];
}
