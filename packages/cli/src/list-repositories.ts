import { formatJSON } from "./json-text.ts";
import type { ListRepositoriesFlags } from "./list-repositories-command.ts";
import { noticeTeller } from "./notice-lines.ts";
import { openDocker } from "./open-docker.ts";
import { withRetries } from "./retry.ts";
import { sideOf } from "./side-flags.ts";
import { writeResult } from "./standard-streams.ts";
import { UsageError } from "./usage-error.ts";

/** `drayage list-repositories` */
export async function listRepositories(
  name: string,
  flags: ListRepositoriesFlags,
  signal: AbortSignal,
): Promise<void> {
  const host = hostIn(name);
  const transport = await openDocker(sideOf({ ...flags }, ""));
  const options = { signal, onNotice: noticeTeller() };
  const repositories = await withRetries(flags, signal, async () =>
    Array.fromAsync(transport.getRepositories(host, options)),
  );
  await writeResult(formatJSON({ Registry: host, Repositories: repositories }));
}

function hostIn(name: string): string {
  const [, host] = /^docker:\/\/([^/]+)\/?$/.exec(name) ?? [];
  if (host !== undefined) return host;
  throw new UsageError(`Name a registry alone, as docker://HOST, not ${JSON.stringify(name)}`);
}
