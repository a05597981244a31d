import { ImageError } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";
import { nameOf, parseNamedReference } from "@drayage/core/reference";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { parseImageName } from "../images/image-name.ts";
import { imageNamesBeside } from "../images/tags.ts";
import { formatJSON } from "../process/json-text.ts";
import { noticeLogger } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { writeResult } from "../process/standard-streams.ts";

export interface ListTagsFlags extends GlobalFlags, RetryFlags {}

/** `drayage list-tags` */
export async function listTags(
  name: string,
  flags: ListTagsFlags,
  signal: AbortSignal,
): Promise<void> {
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  const options = { signal, onNotice: noticeLogger() };
  const list = listerOf(reference, name);
  await writeResult(formatJSON(await withRetries(flags, signal, async () => list(options))));
}

type Lister = (options: OperationOptions) => Promise<object>;

/** @throws ImageError `unsupported` @throws UsageError if the name has a tag */
export function listerOf(reference: ImageReference, name: string): Lister {
  const { transport, dockerReference: repository } = reference;
  if (reference.listImages !== undefined)
    return async (options) => ({ Tags: await imageNamesBeside(reference, options) });
  if (transport.listTags !== undefined) {
    if (repository !== undefined) refuseTag(name);
    return async (options) => ({
      ...(repository !== undefined && { Repository: nameOf(repository) }),
      Tags: await Array.fromAsync(transport.listTags?.(reference, options) ?? []),
    });
  }
  throw new ImageError(
    "unsupported",
    `${transport.name}: cannot list tags; use docker:, oci: or an archive`,
  );
}

/** Checks the name as it was typed, because a parsed reference always has a tag. */
function refuseTag(name: string): void {
  const { tag, digest, ...repository } = parseNamedReference(name.replace(/^docker:\/\//, ""));
  const extra = tag ?? digest;
  if (extra === undefined) return;
  const isPort = /^docker:\/\/(?:localhost|[^/@:]*\.[^/@:]*):\d{1,5}$/.test(name);
  if (isPort) throw new UsageError(`Tags belong to a repository; write ${name}/REPOSITORY`);
  throw new UsageError(
    `Tags belong to a repository; write docker://${nameOf(repository)} without ${extra}`,
  );
}
