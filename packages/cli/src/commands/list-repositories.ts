import type { GlobalFlags } from "../flags/global-flags.ts";
import type { RetryFlags } from "../flags/retry-flags.ts";
import { sideOf } from "../flags/side-flags.ts";
import { UsageError } from "../flags/usage-error.ts";
import { openDocker } from "../images/open-docker.ts";
import { formatJSON } from "../process/json-text.ts";
import { noticeLogger } from "../process/notice-lines.ts";
import { withRetries } from "../process/retry.ts";
import { writeResult } from "../process/standard-streams.ts";

export interface ListRepositoriesFlags extends GlobalFlags, RetryFlags {}

/** `drayage list-repositories` */
export async function listRepositories(
  name: string,
  flags: ListRepositoriesFlags,
  signal: AbortSignal,
): Promise<void> {
  const host = hostIn(name);
  const transport = await openDocker(sideOf({ ...flags }, ""));
  const options = { signal, onNotice: noticeLogger() };
  const repositories = await withRetries(flags, signal, async () =>
    Array.fromAsync(transport.getRepositories(host, options)),
  );
  await writeResult(formatJSON({ Registry: host, Repositories: repositories }));
}

function hostIn(name: string): string {
  const [, host] = /^docker:\/\/([^/]+)\/?$/.exec(name) ?? [];
  if (host !== undefined) return host;
  throw new UsageError(`Name only a registry, as docker://HOST, not ${JSON.stringify(name)}`);
}
