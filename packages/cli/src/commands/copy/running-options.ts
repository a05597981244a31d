import { fileBlobInfoCache, userCacheFiles } from "@drayage/blob-info-cache";
import type { CopyOptions } from "@drayage/core";

import { loadPolicy } from "../../images/policy-file.ts";
import { logMessage } from "../../process/standard-streams.ts";
import { compressorsOf } from "./compressors.ts";
import type { CopyFlags } from "./copy-flags.ts";
import { copyOptionsOf } from "./copy-options.ts";
import { encryptionOptionsOf } from "./encryption-flags.ts";

/** The options of a copy that can be interrupted. */
export type RunningCopyOptions = CopyOptions & { readonly signal: AbortSignal };

/** The options that the flags set, with the cache and the keys, but without the policy. */
export async function runningOptions(
  flags: CopyFlags,
  signal: AbortSignal,
): Promise<RunningCopyOptions> {
  const cache = flags.cache === false ? undefined : fileBlobInfoCache(userCacheFiles());
  const encryption = await encryptionOptionsOf(flags);
  const compressors = await compressorsOf(flags);
  return { ...copyOptionsOf(flags), ...encryption, compressors, cache, signal };
}

/** Adds the policy of the user. Logs if there is none. */
export async function withPolicy(
  flags: CopyFlags,
  options: RunningCopyOptions,
): Promise<RunningCopyOptions> {
  const { policy, file, notice } = await loadPolicy(flags, {}, options);
  if (notice !== undefined && !flags.quiet) logMessage(`drayage: ${notice}`);
  if (policy === undefined) return options;
  const { signaturePolicy } = await import("@drayage/signature");
  return { ...options, policy: signaturePolicy(policy, { name: file }) };
}
