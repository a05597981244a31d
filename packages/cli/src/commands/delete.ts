import { ImageError, imageName, messageLine } from "@drayage/core";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { parseImageName } from "../images/image-name.ts";
import { noticeTeller } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { say } from "../process/standard-streams.ts";

export interface DeleteFlags extends GlobalFlags, RetryFlags {
  readonly allTags?: true;
}

/** `drayage delete` */
export async function deleteImage(
  name: string,
  flags: DeleteFlags,
  signal: AbortSignal,
): Promise<void> {
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  if (reference.deleteImage === undefined) {
    const { name: transport } = reference.transport;
    throw new ImageError(
      "unsupported",
      `Images of ${transport}: are not deleted one by one; remove what holds them yourself, or copy those that shall stay to a new place`,
    );
  }
  const options = { signal, onNotice: noticeTeller(), allTags: flags.allTags };
  await withRetries(flags, signal, async () => reference.deleteImage?.(options));
  say(messageLine(`Deleted ${imageName(reference)}`));
}
