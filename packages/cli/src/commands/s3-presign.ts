import { parsePlatform } from "@drayage/core";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { plainJSON } from "../process/json-text.ts";
import { noticeTeller } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { writeResult } from "../process/standard-streams.ts";
import { parseBucketReference } from "./bucket-reference.ts";

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
    throw new UsageError("--expires-in is from 1s to 168h, a week, which is as long as S3 allows");
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const reference = await parseBucketReference(name, { ...flags });
  const { presign } = await import("@drayage/transport-s3");
  const options = { signal, onNotice: noticeTeller(), expiresIn, platform };
  const parts = await withRetries(flags, signal, async () => presign(reference, options));
  await writeResult(`${plainJSON(parts, 4)}\n`);
}

/** Seconds. */
const week = 604_800;
