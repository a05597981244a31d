import { ImageError, nameOf, parseNamedReference } from "@drayage/core";

import { parseImageName } from "./image-name.ts";
import { formatJSON } from "./json-text.ts";
import type { ListTagsFlags } from "./list-tags-command.ts";
import { noticeTeller } from "./notice-lines.ts";
import { withRetries } from "./retry.ts";
import { sideOf } from "./side-flags.ts";
import { writeResult } from "./standard-streams.ts";
import { hasTags } from "./tags.ts";
import { UsageError } from "./usage-error.ts";

/** `drayage list-tags` */
export async function listTags(
  name: string,
  flags: ListTagsFlags,
  signal: AbortSignal,
): Promise<void> {
  const reference = await parseImageName(name, sideOf({ ...flags }, ""));
  const repository = reference.dockerReference;
  if (!hasTags(reference) || repository === undefined) {
    const { name: transport } = reference.transport;
    throw new ImageError("unsupported", `${transport}: has no tags to list; docker: has`);
  }
  refuseTag(name);
  const tags = await withRetries(flags, signal, async () =>
    Array.fromAsync(reference.getTags({ signal, onNotice: noticeTeller() })),
  );
  await writeResult(formatJSON({ Repository: nameOf(repository), Tags: tags }));
}

/** Asked of what was written, since the reference has a default tag by now. */
function refuseTag(name: string): void {
  const { tag, digest, ...repository } = parseNamedReference(name.replace(/^docker:\/\//, ""));
  const extra = tag ?? digest;
  if (extra === undefined) return;
  throw new UsageError(
    `Tags belong to a repository, so that ${extra} is too much; write docker://${nameOf(repository)}`,
  );
}
