import { ImageError, imageName } from "@drayage/core";
import { singleLine } from "@drayage/core/text";

import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { parseImageName } from "../images/image-name.ts";
import { noticeLogger } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { logMessage } from "../process/standard-streams.ts";

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
      `${transport}: cannot delete single images; delete the file or folder that contains them, or copy the images to keep to a new location`,
    );
  }
  const options = { signal, onNotice: noticeLogger(), allTags: flags.allTags };
  await withRetries(flags, signal, async () => reference.deleteImage?.(options));
  logMessage(singleLine(`Deleted ${imageName(reference)}`));
}
