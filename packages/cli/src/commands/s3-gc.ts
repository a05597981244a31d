import { formatBytes } from "@drayage/core/copy";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { parseImageName } from "../images/image-name.ts";
import { formatJSON } from "../process/json-text.ts";
import { noticeLogger } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { logMessage, writeResult } from "../process/standard-streams.ts";
import { notInBucket } from "./not-in-bucket.ts";

export interface CollectFlags extends GlobalFlags, RetryFlags {
  readonly delete?: true;
  /** Milliseconds. */
  readonly grace?: number;
}

/** `drayage s3 gc` */
export async function collectGarbage(
  location: string,
  flags: CollectFlags,
  signal: AbortSignal,
): Promise<void> {
  const reference = await parseImageName(location, sideOf({ ...flags }, ""));
  const { transport } = reference;
  const { grace, delete: isFinal = false } = flags;
  const options = { signal, onNotice: noticeLogger(), grace, dryRun: !isFinal };
  if (transport.collectGarbage === undefined) throw notInBucket(location);
  const garbage = await withRetries(
    flags,
    signal,
    async () => transport.collectGarbage?.(reference, options) ?? [],
  );
  await writeResult(
    formatJSON(
      garbage.map(({ kind, key, size, modified }) => {
        return { Kind: kind, Key: key, Size: size, Modified: modified.toISOString() };
      }),
    ),
  );
  const size = formatBytes(garbage.reduce((sum, one) => sum + (one.size ?? 0), 0));
  const count = `${garbage.length} ${garbage.length === 1 ? "object" : "objects"}, ${size}`;
  logMessage(
    isFinal
      ? `Deleted ${count}`
      : `Found ${count} that no image references; use --delete to delete them`,
  );
}
