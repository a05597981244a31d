import { parsePlatform } from "@drayage/core";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { parseImageName } from "../images/image-name.ts";
import { plainJSON } from "../process/json-text.ts";
import { noticeLogger } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { writeResult } from "../process/standard-streams.ts";
import { notInBucket } from "./not-in-bucket.ts";

export interface PresignFlags extends GlobalFlags, RetryFlags {
  /** Milliseconds. */
  readonly expiresIn?: number;
  readonly platform?: string;
}

/** `drayage s3 presign` */
export async function presignImage(
  name: string,
  flags: PresignFlags,
  signal: AbortSignal,
): Promise<void> {
  const expiresIn = Math.floor((flags.expiresIn ?? 3_600_000) / 1000);
  if (expiresIn < 1 || expiresIn > week)
    throw new UsageError("--expires-in must be between 1s and 168h (7 days), the maximum of S3");
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  const { isS3Reference, presign } = await import("@drayage/transport-s3");
  if (!isS3Reference(reference)) throw notInBucket(name);
  const options = { signal, onNotice: noticeLogger(), expiresIn, platform };
  const parts = await withRetries(flags, signal, async () => presign(reference, options));
  await writeResult(`${plainJSON(parts, 4)}\n`);
}

/** Seconds. */
const week = 604_800;
