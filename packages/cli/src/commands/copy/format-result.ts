import { formatBytes, formatPlatform, hostPlatform, imageName, messageLine } from "@drayage/core";
import type { CopyOptions, CopyResult, ImageReference } from "@drayage/core";

/** What a copy did, for people: a line, and one more for each digest that is not what it was. */
export function formatResult(
  from: ImageReference,
  to: ImageReference,
  result: CopyResult,
  options: CopyOptions,
): string {
  const changes = result.changes.map(
    (change) => `digest changed from ${change.from} to ${change.to}: ${change.because}`,
  );
  const lines = [headline(from, to, result, options), ...chosen(result, options), ...changes];
  return lines.map(messageLine).join("\n  ");
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

/** Blobs that were read and written, and those that went there without that. */
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

/** Who asked for referrers wants to know of none as well. */
function alongside({ referrers }: CopyResult, options: CopyOptions): string {
  if (!options.referrers) return "";
  const noun = referrers === 1 ? "referrer" : "referrers";
  return `, ${referrers === 0 ? "no" : referrers} ${noun}`;
}

/** Where one image of many was copied, its digest is not the one that the source's name has. */
function chosen(result: CopyResult, options: CopyOptions): readonly string[] {
  const { digest, changes, sourceDigest } = result;
  const before = changes.find(({ to }) => to === digest)?.from ?? digest;
  if (before === sourceDigest) return [];
  const platform = formatPlatform(options.platform ?? hostPlatform());
  return [`one image, for ${platform}, of the index ${sourceDigest}; --all copies all of it`];
}
